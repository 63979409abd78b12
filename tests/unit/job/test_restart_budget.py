from wan22.job.restart_budget import GiveUp, Restart, RestartBudget


def test_three_restarts_with_growing_waits_then_no_more():
    budget = RestartBudget()
    told = [budget.decide(float(now)) for now in (0, 60, 120)]
    assert [one.delay_s for one in told if isinstance(one, Restart)] == [2.0, 10.0, 30.0]
    assert isinstance(told[1], Restart)
    assert told[1].text == "Restart 2 of 3 in 10 s."
    last = budget.decide(180.0)
    assert isinstance(last, GiveUp)
    assert last.problem.code == "server_unstable"
    assert "3 times in the last 3 min 00 s" in last.problem.message
    assert budget.spent(180.0) == 3


def test_old_restarts_do_not_count():
    budget = RestartBudget()
    for now_s in (0.0, 100.0, 200.0):
        budget.decide(now_s)
    assert isinstance(budget.decide(1799.0), GiveUp)
    assert budget.decide(1800.0) == Restart(30.0, 3, 3)
    assert budget.decide(10_000.0) == Restart(2.0, 1, 3)


def test_a_healthy_job_forgives():
    budget = RestartBudget()
    for now_s in (0.0, 1.0, 2.0):
        budget.decide(now_s)
    budget.healthy()
    assert budget.decide(3.0) == Restart(2.0, 1, 3)
