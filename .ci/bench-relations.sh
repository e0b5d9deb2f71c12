#!/usr/bin/env bash
# Measures relations between issues and prints one line for each: figure NAME VALUE.
# Usage: bench-relations.sh [-links N]
#
#   links_read_us                  an issue's 20 links among 1,000,000 (-links), through the plugin's client and the store, without Jira;
#                                  the median of rounds, like those below
#   links_1m_vs_1k_read_ratio      the same ÷ among 1000; the goal is 1.3
#   links_10k_pages_ms             all pages of an issue with 10,000 links
#   links_first_page_us            the first 20 of them, of one relation
#   links_count_*_us               how many there are, up to a limit; of one relation
#   links_guarded_write_us         one more link, where a rule bounds how many an issue may have
#   links_clear_10k_ms             all of them deleted
#   panel_jira_requests            what the panel of an issue with 200 links asks of Jira before it shows the first rows
#   guest_fuel_per_panel           units that the plugin computes for in its module, for one such panel
#   panel_ms_p95_200               such a panel from request to page, with nothing of it remembered, 95 of 100; the goal is 300
#   …_view                         the last three where an issue view draws it: a table of all 200, sorted, the first page shown
#   index_issues_per_s             issues whose property an index run writes in a second, through queue, plugin, store and the sandbox over HTTP
#   links_moved_per_s              links of Jira's own that a migration of 10,000 makes links of a relation of in a second, through the same; what a dry run
#                                  checks (links_checked_per_s), and what is taken back (links_taken_back_per_s);
#                                  and, of 1000, where Jira's own are removed (links_moved_and_removed_per_s) and made again (links_restored_per_s)
#   panel_ms_10k_links             the panel of an issue with 10,000 links, once; panel_links_per_s is how fast they were linked in it, 20 at once
#   jql_injection_cases            queries with hostile values that the sandbox's parser judged; none may ask anything else
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# measure runs a package's test with -figures and prints what it measured.
measure() {
  local package=$1 run=$2
  shift 2
  go test "./$package" -count 1 -timeout 30m -run "^$run\$" -v -args -figures "$@" >"$log" || {
    cat "$log" >&2
    exit 1
  }
  if ! grep '^figure ' "$log"; then
    echo "$run in $package printed no figure" >&2
    cat "$log" >&2
    exit 1
  fi
}

measure host/services TestLinkFigures "$@"
measure host/app TestRelationFigures
measure host/app TestIndexFigures
measure host/app TestTransferFigures
measure host/app TestTenThousandLinksOfAnIssue
measure host/sandbox/jql/syntax TestNoValueChangesWhatATemplateAsks
