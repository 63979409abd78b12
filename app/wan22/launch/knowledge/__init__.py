"""What single settings do, in words for a Wan user: rows of data, read through `launch.setting_knowledge`."""
