"""curl and wget, as people put them into cron."""

import subprocess


def test_update_with_curl_is_in_dns(stack):
    key = stack.customer("alice@example.com", "curl")
    command = ["curl", "-s", "-u", f"alice@example.com:{key}"]
    command.append(f"{stack.web_url}/nic/update?hostname=curl.ddns.test&myip=192.0.2.1")

    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "good 192.0.2.1\n"
    stack.wait_for_answer("curl.ddns.test", "A", "192.0.2.1")
