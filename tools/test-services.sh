#!/bin/sh
# Installs the browser and the servers that the tests use, where that is possible; else says what is missing.
set -u
wanted=""
command -v chromium >/dev/null 2>&1 || wanted="$wanted chromium"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || wanted="$wanted postgresql"
PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v sshd >/dev/null 2>&1 || wanted="$wanted openssh-server"
[ -z "$wanted" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing$wanted for the tests …"
    log=$(mktemp)
    # shellcheck disable=SC2086
    if { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $wanted; } >"$log" 2>&1; then
        rm -f "$log"
        exit 0
    fi
    tail -3 "$log"
fi
echo "Missing:$wanted. The tests that need them are skipped."
