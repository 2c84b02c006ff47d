#include <algorithm>
#include <cmath>

#include "tools/common.h"
#include "tools/output.h"
#include "tools/searchable.h"

namespace simdclip::tools {

void cluster_command(std::vector<std::string> given) {
  std::string where;
  unsigned count = 0;
  ShowArguments show_arguments;
  Arguments arguments("cluster",
                      "Sort pictures into groups of similar ones, the most typical of each first: a sorted "
                      "contact sheet with --html.",
                      "  simdclip cluster ~/Pictures --clusters 30 --html sorted.html\n");
  arguments.text("WHERE", where, "FOLDER|INDEX|FILE.npy",
                 "An indexed folder, an index file, or what `simdclip embed` wrote");
  arguments.number("--clusters", count, 1, 100'000,
                   "How many groups (default: the square root of half the pictures, at most 50)");
  show_arguments.declare(arguments);
  arguments.parse(std::move(given));
  if (where.empty()) throw UsageError("nothing to look at; see simdclip cluster --help");

  const Searchable s = Searchable::open(where);
  if (s.vectors.size() == 0) throw Error(ErrorCode::not_found, where + ": holds no picture");
  if (count == 0)
    count =
        static_cast<unsigned>(std::clamp(std::sqrt(static_cast<double>(s.vectors.size()) / 2), 1.0, 50.0));
  const Clusters clusters = cluster(s.vectors, count);
  std::vector<std::vector<size_t>> members(clusters.count);
  for (size_t i = 0; i < s.size(); ++i) members[clusters.of_row[s.row(i)]].push_back(i);
  std::vector<std::string> paths;
  std::vector<SheetSection> sections;
  const auto score = [&](size_t picture) { return clusters.score[s.row(picture)]; };
  std::string text;
  for (size_t c = 0; c < members.size(); ++c) {
    std::stable_sort(members[c].begin(), members[c].end(),
                     [&](size_t a, size_t b) { return score(a) > score(b); });
    sections.push_back({"cluster " + std::to_string(c + 1), {}});
    if (c > 0) text += '\n';
    for (size_t i = 0; i < members[c].size(); ++i) {
      const std::string path = s.path(members[c][i]);
      paths.push_back(path);
      sections.back().pictures.push_back({path, fixed(static_cast<double>(score(members[c][i])), 4)});
      text +=
          std::to_string(c + 1) + "  " + sections.back().pictures.back().caption + "  " + shown(path) + '\n';
    }
  }
  const auto group = [&](size_t c) {
    return json_list(members[c].size(), [&](size_t i) {
      return "{\"path\": " + json_string(s.path(members[c][i])) +
             ", \"score\": " + json_number(score(members[c][i])) + "}";
    });
  };
  if (show_arguments.json) text = "{\"clusters\": " + json_list(members.size(), group, ",\n") + "}\n";
  if (!show_arguments.print_paths(paths)) print(text);
  show_arguments.write_sheet("simdclip cluster", sections, s);
}

}  // namespace simdclip::tools
