#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "tools/common.h"
#include "tools/output.h"
#include "tools/searchable.h"

namespace simdclip::tools {
namespace {

struct QueryArguments {
  std::vector<std::string> texts, images, not_texts, not_images, weights;
  std::string text_file;
  bool each = false;
};

struct ApproximateArguments {
  bool wanted = false;
  std::string graph;
  unsigned effort = 0;  // 0: not given
  static constexpr unsigned kEffort = 128;

  void declare(Arguments& arguments) {
    arguments.flag("--approximate", wanted,
                   "Walk the graph that `simdclip graph` made of a .npy file: much faster, may miss some");
    arguments.text("--graph", graph, "FILE.graph", "The graph (default: beside the .npy file)");
    arguments.number(
        "--effort", effort, 1, 1000000,
        "Rows that the walk keeps (default " + std::to_string(kEffort) + "): more find more, slower");
  }
  void check(const std::string& where) const {
    if (!wanted && (effort > 0 || !graph.empty()))
      throw UsageError("--graph and --effort go with --approximate");
    if (wanted && !where.ends_with(".npy")) {
      throw UsageError(
          "--approximate goes with a .npy file: reading an index of a folder takes longer than searching it "
          "exactly");
    }
  }
};

struct Query {
  std::string title;
  std::vector<float> vector;
};

float parse_weight(const std::string& text) {
  float value = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    throw UsageError("--weights: '" + text + "' is no number");
  }
  return value;
}

void append(std::vector<float>& rows, const std::vector<float>& row) {
  rows.insert(rows.end(), row.begin(), row.end());
}

std::vector<float> picture_row(const Model& model, const std::string& path, const Searchable& searchable) {
  DecodeOptions options;
  options.apply_orientation = !searchable.info || searchable.info->apply_orientation;
  options.fast_decode = searchable.info && searchable.info->fast_decode;
  std::vector<float> pixels(model.info().max_pixels), row(model.embed_dim());
  const PixelSize size = model.preprocess_file(path, pixels, options);
  const Pixels picture{std::span(pixels).first(size_t{3} * size.height * size.width), size};
  model.embed_preprocessed({&picture, 1}, row);
  return row;
}

// What a query without --weights counts "not" for: enough to push away, not so much that it takes over.
constexpr float kNotWeight = -0.5F;

std::vector<Query> make_queries(const Model& model, const QueryArguments& a,
                                const std::vector<std::string>& texts, const Searchable& searchable) {
  std::vector<float> rows, weights;
  std::vector<std::string> titles;
  const auto add = [&](const std::string& title, const std::vector<float>& row, float weight) {
    append(rows, row);
    weights.push_back(weight);
    titles.push_back(title);
  };
  for (const std::string& text : texts) add(text, model.embed_text(text), 1);
  for (const std::string& path : a.images) add(path, picture_row(model, path, searchable), 1);
  for (const std::string& text : a.not_texts) add(text, model.embed_text(text), kNotWeight);
  for (const std::string& path : a.not_images) add(path, picture_row(model, path, searchable), kNotWeight);
  if (!a.weights.empty()) {
    if (a.weights.size() != weights.size()) {
      throw UsageError("--weights: " + std::to_string(a.weights.size()) + " given for " +
                       std::to_string(weights.size()) +
                       " queries; give one for each text, --image, --not and --not-image, in this order");
    }
    for (size_t i = 0; i < weights.size(); ++i) {
      const float weight = parse_weight(a.weights[i]);
      weights[i] = weights[i] < 0 ? -weight : weight;
    }
  }
  std::vector<Query> out;
  const size_t width = model.embed_dim();
  if (a.each) {
    for (size_t i = 0; i < titles.size(); ++i) {
      const auto first = rows.begin() + static_cast<std::ptrdiff_t>(i * width);
      out.push_back({titles[i], {first, first + static_cast<std::ptrdiff_t>(width)}});
    }
    return out;
  }
  std::string title;
  for (size_t i = 0; i < titles.size(); ++i)
    title += (i == 0 ? "" : weights[i] < 0 ? " - " : " + ") + titles[i];
  out.push_back({title, combine(rows, weights)});
  return out;
}

struct Found {
  size_t picture;
  float score;
};

// Hits are rows; a row may be several files of equal content.
std::vector<Found> pictures_of(const std::vector<Hit>& hits, const Searchable& s,
                               const std::vector<char>& passing, size_t top) {
  std::vector<Found> out;
  for (const Hit& hit : hits) {
    for (const size_t picture : s.pictures_of(hit.row)) {
      if ((passing.empty() || passing[picture] != 0) && out.size() < top) out.push_back({picture, hit.score});
    }
  }
  return out;
}

std::string as_json(const Query& query, const std::vector<Found>& found, const Searchable& s) {
  return "{\"query\": " + json_string(query.title) + ", \"hits\": " +
         json_list(found.size(),
                   [&](size_t i) {
                     return "{\"path\": " + json_string(s.path(found[i].picture)) +
                            ", \"score\": " + json_number(found[i].score) +
                            ", \"row\": " + std::to_string(s.row(found[i].picture)) + "}";
                   }) +
         "}";
}

std::string as_table(const std::vector<Found>& found, const Searchable& s) {
  std::vector<std::vector<std::string>> rows = {{"score", "picture"}};
  for (const Found& f : found)
    rows.push_back({fixed(static_cast<double>(f.score), 4), shown(s.path(f.picture))});
  return table(rows, {0});
}

void show(const std::vector<Query>& queries, const std::vector<std::vector<Found>>& found,
          const Searchable& s, const ShowArguments& show_arguments) {
  std::vector<std::string> paths;
  std::vector<SheetSection> sections;
  std::string text = show_arguments.json ? "{\"queries\": [" : "";
  for (size_t q = 0; q < queries.size(); ++q) {
    sections.push_back({queries[q].title, {}});
    for (const Found& f : found[q]) {
      paths.push_back(s.path(f.picture));
      sections.back().pictures.push_back({paths.back(), fixed(static_cast<double>(f.score), 4)});
    }
    if (show_arguments.json) {
      text += (q == 0 ? "" : ",\n") + as_json(queries[q], found[q], s);
    } else {
      if (queries.size() > 1) text += (q == 0 ? "" : "\n") + shown(queries[q].title) + '\n';
      text += as_table(found[q], s);
    }
  }
  if (!show_arguments.print_paths(paths)) print(show_arguments.json ? text + "]}\n" : text);
  show_arguments.write_sheet("simdclip search: " + queries.front().title, sections, s);
}

}  // namespace

void search_command(std::vector<std::string> given) {
  ModelArguments model_arguments;
  QueryArguments query;
  FilterArguments filter;
  ShowArguments show_arguments;
  std::string where;
  unsigned top = 20;
  double lowest = -2;
  ApproximateArguments approximate;
  Arguments arguments(
      "search",
      "Find pictures by words, by a picture, or by several at once. Every vector is compared (exact search) "
      "unless\n"
      "--approximate is given. Texts and pictures are added up, --not is subtracted; --each searches for "
      "each by itself.",
      "  simdclip search ~/Pictures \"a dog on the beach\"\n"
      "  simdclip search ~/Pictures \"a beach\" --not \"people\" --top 50 --html beach.html\n"
      "  simdclip search ~/Pictures --image cat.jpg --in holidays --after 2023-06-01\n"
      "  simdclip search -m b32.sclip photos.npy \"a castle\" \"snow\" --weights 1 0.7 --json\n"
      "  simdclip search ~/Pictures \"a receipt\" --min 0.25 -0 | xargs -0 cp -t receipts\n");
  arguments.text("WHERE", where, "FOLDER|INDEX|FILE.npy",
                 "An indexed folder, an index file, or what `simdclip embed` wrote");
  arguments.list("TEXT", query.texts, "TEXT...", "What to look for");
  arguments.text("--text-file", query.text_file, "FILE", "More texts, one a line; - reads stdin");
  arguments.list("--image", query.images, "PICTURE...", "Pictures to look for: like this");
  arguments.list("--not", query.not_texts, "TEXT...", "But not this");
  arguments.list("--not-image", query.not_images, "PICTURE...", "But not like this");
  arguments.list(
      "--weights", query.weights, "W...",
      "How much each counts: texts, --image, --not, --not-image in this order (default 1; 0.5 for --not)");
  arguments.flag("--each", query.each, "Search for each text and picture by itself");
  arguments.number("--top", top, 1, 1U << 30U, "Show at most N pictures (default 20)");
  arguments.number("--min", lowest, -2, 2, "Only pictures with at least this score (a cosine)");
  filter.declare(arguments);
  approximate.declare(arguments);
  show_arguments.declare(arguments);
  model_arguments.declare(arguments);
  arguments.parse(std::move(given));
  if (where.empty()) throw UsageError("nothing to search in; see simdclip search --help");
  TextArguments texts;
  texts.texts = query.texts;
  texts.file = query.text_file;
  if (!texts.given() && query.images.empty())
    throw UsageError("nothing to look for; give a text or --image PICTURE");
  if (query.each && !(query.not_texts.empty() && query.not_images.empty() && query.weights.empty())) {
    throw UsageError("--each searches for each by itself: it goes with texts and --image only");
  }

  approximate.check(where);
  const Searchable searchable = Searchable::open(where);
  std::optional<ApproximateIndex> graph;
  if (approximate.wanted)
    graph = ApproximateIndex::open(approximate.graph.empty() ? graph_beside(where) : approximate.graph,
                                   searchable.vectors);
  const Model model = model_arguments.open();
  searchable.expect_model(model);
  const std::vector<char> passing = filter.passing(searchable);
  std::vector<uint8_t> allowed(passing.empty() ? 0 : searchable.vectors.size());
  for (size_t i = 0; i < passing.size(); ++i) allowed[searchable.row(i)] |= static_cast<uint8_t>(passing[i]);
  const std::vector<Query> queries = make_queries(model, query, texts.all(), searchable);
  std::vector<float> rows;
  for (const Query& one : queries) append(rows, one.vector);
  const SearchOptions options{.top = top,
                              .lowest = static_cast<float>(lowest),
                              .allowed = allowed,
                              .threads = model_arguments.threads,
                              .isa = model_arguments.isa};
  const auto hits =
      graph ? graph->search(rows, options,
                            approximate.effort == 0 ? ApproximateArguments::kEffort : approximate.effort)
            : search(searchable.vectors, rows, options);
  std::vector<std::vector<Found>> found;
  for (const auto& one : hits) found.push_back(pictures_of(one, searchable, passing, top));
  show(queries, found, searchable, show_arguments);
}

}  // namespace simdclip::tools
