#include <algorithm>

#include "tools/common.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/searchable.h"

namespace simdclip::tools {
namespace {

// Groups of pictures: rows that are alike, and files of equal content.
std::vector<std::vector<size_t>> picture_groups(const Searchable& s,
                                                const std::vector<std::vector<size_t>>& row_groups) {
  std::vector<std::vector<size_t>> out;
  std::vector<char> grouped(s.vectors.size());
  for (const std::vector<size_t>& rows : row_groups) {
    out.emplace_back();
    for (const size_t row : rows) {
      grouped[row] = 1;
      const std::vector<size_t> pictures = s.pictures_of(row);
      out.back().insert(out.back().end(), pictures.begin(), pictures.end());
    }
    std::sort(out.back().begin(), out.back().end());
  }
  for (size_t row = 0; row < s.vectors.size(); ++row) {
    const std::vector<size_t> pictures = s.pictures_of(row);
    if (grouped[row] == 0 && pictures.size() > 1) out.emplace_back(pictures.begin(), pictures.end());
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.front() < b.front(); });
  return out;
}

double cosine(const Searchable& s, size_t a, size_t b) {
  const std::vector<float> x = s.vectors.row(s.row(a)), y = s.vectors.row(s.row(b));
  double dot = 0;
  for (size_t k = 0; k < x.size(); ++k) dot += double{x[k]} * double{y[k]};
  return dot;
}

}  // namespace

void dups_command(std::vector<std::string> given) {
  std::string where;
  double lowest = 0.96;
  ShowArguments show_arguments;
  Arguments arguments("dups",
                      "Group near-duplicates: pictures whose vectors have a cosine of at least --min, and "
                      "files of equal content.\n"
                      "Resized, recompressed and slightly cropped copies are found; what is similar enough "
                      "is a matter of --min.\n"
                      "--paths and -0 print all but the first of each group.",
                      "  simdclip dups ~/Pictures --html dups.html\n"
                      "  simdclip dups ~/Pictures --min 0.99 -0 | xargs -0 ls -l\n");
  arguments.text("WHERE", where, "FOLDER|INDEX|FILE.npy",
                 "An indexed folder, an index file, or what `simdclip embed` wrote");
  arguments.number("--min", lowest, 0, 1, "Smallest cosine of near-duplicates (default 0.96)");
  show_arguments.declare(arguments);
  arguments.parse(std::move(given));
  if (where.empty()) throw UsageError("nothing to look at; see simdclip dups --help");

  const Searchable s = Searchable::open(where);
  Progress progress("pictures", s.vectors.size());
  const auto groups = picture_groups(
      s, find_duplicates(
             s.vectors, static_cast<float>(lowest),
             [](void* p, size_t rows) { static_cast<Progress*>(p)->update(rows); }, &progress));
  Progress::clear_line();
  std::vector<std::string> copies;
  std::vector<SheetSection> sections;
  // Halves may round above it
  const auto score = [&](size_t g, size_t i) {
    return std::min(1.0, cosine(s, groups[g].front(), groups[g][i]));
  };
  std::string text;
  for (size_t g = 0; g < groups.size(); ++g) {
    sections.push_back({"group " + std::to_string(g + 1), {}});
    if (g > 0) text += '\n';
    for (size_t i = 0; i < groups[g].size(); ++i) {
      const std::string path = s.path(groups[g][i]);
      if (i > 0) copies.push_back(path);
      sections.back().pictures.push_back({path, fixed(score(g, i), 4)});
      text += sections.back().pictures.back().caption + "  " + shown(path) + '\n';
    }
  }
  const auto group = [&](size_t g) {
    return json_list(groups[g].size(), [&](size_t i) {
      return "{\"path\": " + json_string(s.path(groups[g][i])) + ", \"score\": " + json_number(score(g, i)) +
             "}";
    });
  };
  if (show_arguments.json) text = "{\"groups\": " + json_list(groups.size(), group, ",\n") + "}\n";
  if (!show_arguments.print_paths(copies)) print(text);
  message(std::to_string(groups.size()) + (groups.size() == 1 ? " group, " : " groups, ") +
          std::to_string(copies.size()) + " pictures beyond the first of each");
  show_arguments.write_sheet("simdclip dups", sections, s);
}

}  // namespace simdclip::tools
