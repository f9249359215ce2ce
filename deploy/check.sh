#!/bin/sh
# Checks the units: systemd understands every line, users and folders can be made, and
# `systemd-analyze security` finds an exposure of at most 2.0 for each service. Needs Debian's `systemd`
# package installed; systemd need not be running. Exit code 0: all is well.
set -eu

limit=20 # systemd-analyze counts in tenths
units=$(cd "$(dirname "$0")/systemd" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# The programs need not be installed for the lines to be understood.
for unit in "$units"/*.service "$units"/*.socket; do
    sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|; s|^Documentation=.*||' "$unit" >"$work/$(basename "$unit")"
done

for unit in "$units"/*.socket "$units"/*.service; do
    name=$(basename "$unit")
    said=$(cd "$work" && systemd-analyze verify --man=no "./$name" 2>&1 | grep -F "$name" || true)
    if [ -n "$said" ]; then
        printf '%s: systemd does not understand it:\n%s\n' "$name" "$said" >&2
        failed=1
    fi
    case $name in *.socket) continue ;; esac # holds no process that could be exposed

    if report=$(systemd-analyze security --no-pager --offline=true --threshold=$limit "$unit" 2>&1); then
        verdict=ok
    else
        verdict="FAILED, at most $((limit / 10)).$((limit % 10)) is wanted"
        failed=1
    fi
    score=$(printf '%s\n' "$report" | sed -n 's/.*exposure level for .*: *\([0-9.]*\).*/\1/p')
    printf '%s: exposure %s (%s)\n' "$name" "${score:-unknown}" "$verdict"
    if [ -z "$score" ]; then
        printf '%s\n' "$report" >&2
        failed=1
    fi
done

# Users and folders, made below a root of our own.
mkdir -p "$work/root/etc"
systemd-sysusers --root="$work/root" "$units/sysusers.d/sekisho.conf" || failed=1
for user in sekisho-outer sekisho-inner; do
    grep -q "^$user:" "$work/root/etc/passwd" || { echo "no user $user" >&2; failed=1; }
done
grep -q '^sekisho-handoff:.*:sekisho-outer$' "$work/root/etc/group" ||
    { echo "sekisho-outer is not in the group sekisho-handoff" >&2; failed=1; }
systemd-tmpfiles --create --root="$work/root" "$units/tmpfiles.d/sekisho.conf" || failed=1
mode=$(stat -c %a "$work/root/run/sekisho" 2>/dev/null || true)
[ "$mode" = 2750 ] || { echo "/run/sekisho has mode ${mode:-none}, not 2750" >&2; failed=1; }

exit $failed
