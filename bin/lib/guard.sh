#!/bin/sh
# usage: guard.sh <stop signal> <command> [argument...]
# Runs the command for as long as the holder of our standard input lives. The holder's end, even by SIGKILL, closes the pipe,
# and that end of file is the order to stop: first politely, then, for a command that will not go, by SIGKILL.
# Expects to lead a process group, and leaves nothing of it behind.
stop_signal=$1
shift

exec 3<&0
"$@" </dev/null 3<&- &
command=$!

(
  read -r _ <&3
  kill -s "$stop_signal" "$command"
  # The command ended in time: take the timer along.
  trap 'kill "$!"; wait; exit' TERM
  sleep 20 &
  wait "$!" && kill -s KILL 0
) >/dev/null 2>&1 &
watcher=$!

wait "$command"
code=$?
# The watcher, and what the command started and did not wait for.
trap '' TERM
kill -s TERM 0
wait "$watcher" 2>/dev/null
exit "$code"
