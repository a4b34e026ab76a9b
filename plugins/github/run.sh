#!/usr/bin/env bash
# Runs one command of kusion-render, as the variables KR_* say. Written for bash 3.2, which macOS has.
set -euo pipefail

arguments=()
report=$(mktemp -d "$RUNNER_TEMP/kusion-render-XXXXXX")/report

fail() { # MESSAGE EXIT_CODE
  printf '::error::%s\n' "$1" >&2
  exit "$2"
}

add_lines() { # TEXT; each line becomes an argument
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    [[ -z $line ]] || arguments+=("$line")
  done <<<"$1"
}

add_choice() { # the options and stacks that the user chose
  add_lines "$KR_OPTIONS"
  arguments+=(--)
  add_lines "$KR_STACKS"
}

add_place() {
  [[ -z $KR_OUTPUT ]] || arguments+=("--output=$KR_OUTPUT")
  [[ -z $KR_BRANCH ]] || arguments+=("--branch=$KR_BRANCH")
}

show() { # FILE; the runner must not take a line of it for one of its commands
  local word
  word=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '::stop-commands::%s\n' "$word"
  cat "$1"
  printf '\n::%s::\n' "$word"
}

output() { # NAME VALUE, which must be one line
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

is_commit() {
  [[ $1 != -* ]] && git rev-parse --quiet --verify "$1^{commit}"
}

fetch() { # OPTION REFSPEC; whether it helped is seen by what is there afterwards
  git fetch --quiet --no-tags "$1" origin "$2" >&2 || true
}

# Print the commit to compare with. A pull request is compared with the commit that it begins at: then the changes are its own,
# whether its head or its merge is checked out, and whatever the target branch holds by now.
base_commit() {
  local target=refs/remotes/origin/${GITHUB_BASE_REF:-} before=$KR_BEFORE
  local refspec=+refs/heads/${GITHUB_BASE_REF:-}:$target
  if [[ -n $KR_BASE ]]; then
    is_commit "$KR_BASE" || fail "there is no commit of the name in \`base\`; give actions/checkout \`fetch-depth: 0\`" 2
  elif [[ -n ${GITHUB_BASE_REF:-} ]]; then
    is_commit "$target" >/dev/null || fetch --no-auto-maintenance "$refspec"
    git merge-base "$target" HEAD && return
    fetch --unshallow "$refspec"
    git merge-base "$target" HEAD || fail "this commit and the target branch have no history in common" 3
  elif [[ $before =~ ^[0-9a-f]{40,64}$ && $before =~ [1-9a-f] ]]; then
    is_commit "$before" && return
    fetch --depth=1 "$before"
    is_commit "$before" || fail "what the branch held before is gone; say with \`base\` what to compare with" 2
  else
    fail "say with \`base\` what to compare with; this event names no commit before" 2
  fi
}

run_validate() {
  add_choice
  kusion-render validate --format=github "${arguments[@]}"
}

run_check() {
  local code=0
  add_place
  add_choice
  kusion-render check "${arguments[@]}" >"$report" || code=$?
  [[ $code == 0 || $code == 4 ]] || exit "$code"
  output report "$report"
  if [[ $code == 0 ]]; then
    output changed false
    return
  fi
  output changed true
  show "$report"
  # Indented, it is code whatever the files are called.
  { printf 'These files are not what would be rendered:\n\n' && sed 's/^/    /' "$report"; } >>"$GITHUB_STEP_SUMMARY"
  fail "what is committed is not what would be rendered" 4
}

run_diff() {
  local base head code=0
  base=$(base_commit)
  head=$(git rev-parse --verify 'HEAD^{commit}')
  arguments+=("--base=$base" "--head=$head" --format=markdown "--max-bytes=$KR_MAX_BYTES" --exit-code)
  add_choice
  kusion-render diff "${arguments[@]}" >"$report" || code=$?
  [[ $code == 0 || $code == 4 ]] || exit "$code"
  output report "$report"
  if [[ $code == 4 ]]; then output changed true; else output changed false; fi
  # The summary holds 1 MiB, and more would be lost as a whole.
  if [[ $(wc -c <"$report") -lt 1000000 ]]; then cat "$report" >>"$GITHUB_STEP_SUMMARY"; fi
  if [[ -n $KR_TOKEN && -n $KR_PULL_REQUEST ]]; then
    "$KR_PYTHON" -I "$GITHUB_ACTION_PATH/comment.py" "$report" "$code" "$base" "$head"
  fi
}

run_affected() {
  local base
  base=$(base_commit)
  arguments+=("--base=$base" --head=HEAD --format=github-matrix)
  add_choice
  kusion-render affected "${arguments[@]}" >"$report"
  output report "$report"
  # One line of ASCII, whatever the stacks are called. A matrix is empty if all its lists are.
  "$KR_PYTHON" -I -c '
import json, sys
matrix = json.load(sys.stdin)
print("matrix=" + json.dumps(matrix))
print("changed=" + str(any(matrix.values())).lower())
' <"$report" >>"$GITHUB_OUTPUT"
  show "$report"
}

run_commit() {
  if ! git config user.email >/dev/null && [[ -z ${GIT_COMMITTER_EMAIL:-} ]]; then
    export GIT_AUTHOR_NAME="github-actions[bot]" GIT_COMMITTER_NAME="github-actions[bot]"
    export GIT_AUTHOR_EMAIL="41898282+github-actions[bot]@users.noreply.github.com"
    export GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
  fi
  add_place
  arguments+=(--push --format=json)
  add_choice
  kusion-render commit "${arguments[@]}" >"$report"
  output report "$report"
  "$KR_PYTHON" -I -c '
import json, sys
print("changed=" + str(any(each["changed"] for each in json.load(sys.stdin)["environments"])).lower())
' <"$report" >>"$GITHUB_OUTPUT"
  show "$report"
}

case $KR_COMMAND in
  validate | check | affected | commit) "run_$KR_COMMAND" ;;
  diff-comment) run_diff ;;
  *) fail "\`command\` must be validate, check, diff-comment, affected or commit" 2 ;;
esac
