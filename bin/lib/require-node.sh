# Sourced by the commands in bin/: says what to do on a machine without a usable Node.js, which no JavaScript could.
fix='Install Node.js 20.19 or later: https://nodejs.org/en/download'
if ! command -v node >/dev/null 2>&1; then
  echo "ez-api: Node.js was not found on PATH. $fix" >&2
  exit 1
fi
version=$(node --version) || exit 1
major=${version#v}
major=${major%%.*}
minor=${version#v*.}
minor=${minor%%.*}
if [ "$major" -lt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -lt 19 ]; }; then
  echo "ez-api: Node.js $version is too old. $fix" >&2
  exit 1
fi
