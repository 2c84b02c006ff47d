#include "simdclip/tag.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>

#include "apps/assets.h"
#include "apps/label_table.h"
#include "apps/markup.h"
#include "apps/unit.h"
#include "base/fail.h"

namespace simdclip {
namespace {

constexpr size_t kLeastBackground = 8;
constexpr double kPrior = 16;  // pictures' worth of trust in the vocabulary's mean variance
constexpr const char* kCreator = "simdclip";

bool between_words(char c) { return c == ' ' || c == '-' || c == '\''; }

// The words of a name that say what it is: not "of", and one spelling for one and many.
std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin < name.size();) {
    size_t end = begin;
    while (end < name.size() && !between_words(name[end])) ++end;
    std::string word = name.substr(begin, end - begin);
    if (word.size() > 3 && word.back() == 's') word.pop_back();
    if (word.size() > 2) words.push_back(std::move(word));
    begin = end + 1;
  }
  return words;
}

bool share_a_word(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const std::string& word) { return std::find(b.begin(), b.end(), word) != b.end(); });
}

std::vector<std::string> split(const std::string& text, const std::string& at) {
  std::vector<std::string> parts;
  for (size_t begin = 0;;) {
    const size_t end = text.find(at, begin);
    parts.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
    if (end == std::string::npos) return parts;
    begin = end + at.size();
  }
}

float read_rarity(const std::string& text, const std::string& path) {
  float value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    fail(ErrorCode::damaged, path, ": the rarity '", text,
         "' is no number; expected name, synonyms and rarity between tabs, or name and synonyms");
  return value;
}

// "a photo of a {}" -> "a photo of a dog", "a photo of red".
std::vector<std::string> prompts_of(const std::vector<Tag>& tags, const std::string& prompt, size_t place) {
  const std::string article = "a ";
  const size_t before = prompt.substr(0, place).ends_with(" " + article) || prompt.substr(0, place) == article
                            ? place - article.size()
                            : place;
  std::vector<std::string> prompts;
  for (const Tag& tag : tags)
    prompts.push_back(prompt.substr(0, tag.thing ? place : before) + tag.name + prompt.substr(place + 2));
  return prompts;
}

}  // namespace

std::vector<Tag> read_tags(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file)
    fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io, path,
         ": cannot be read: ", std::strerror(errno == 0 ? EIO : errno));
  std::vector<Tag> tags;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> columns = split(line, "\t");
    Tag tag{columns[0], {}};
    if (columns.size() > 1 && !columns[1].empty()) tag.synonyms = split(columns[1], ", ");
    if (columns.size() > 2) tag.rarity = read_rarity(columns[2], path);
    tag.thing = columns.size() < 4 || columns[3] != "-";
    if (!tag.name.empty()) tags.push_back(std::move(tag));
  }
  if (tags.empty()) fail(ErrorCode::not_found, path, ": holds no tag, expected one a line");
  return tags;
}

std::vector<Tag> builtin_tags() { return read_tags(find_asset("tags.txt")); }
std::string builtin_background_folder() { return find_asset("demo"); }

struct Tagger::Impl {
  std::vector<Tag> tags;
  LabelTable table;
  TaggerOptions options;
  std::vector<float> mean, scale;  // of each tag: z = (cosine - mean) * scale
  std::vector<float> cost;         // of each tag's words, in deviations

  void calibrate(std::span<const float> background) {
    const size_t n = background.size() / table.width(), m = tags.size();
    std::vector<double> sums(m), squares(m);
    constexpr size_t kGroup = 32;  // pictures whose cosines are held at once
    for (size_t first = 0; first < n; first += kGroup) {
      const size_t count = std::min(kGroup, n - first);
      const std::vector<float> scores =
          table.scores(background.subspan(first * table.width(), count * table.width()));
      for (size_t i = 0; i < count; ++i) {
        for (size_t t = 0; t < m; ++t) {
          const auto score = static_cast<double>(scores[i * m + t]);
          sums[t] += score;
          squares[t] += score * score;
        }
      }
    }
    const auto count = static_cast<double>(n);
    double pooled = 0;
    std::vector<double> variances(m);
    for (size_t t = 0; t < m; ++t) {
      variances[t] = std::max(0.0, (squares[t] - sums[t] * sums[t] / count) / (count - 1));
      pooled += variances[t] / static_cast<double>(m);
    }
    mean.resize(m);
    scale.resize(m);
    for (size_t t = 0; t < m; ++t) {
      const double variance = (count * variances[t] + kPrior * pooled) / (count + kPrior);
      mean[t] = static_cast<float>(sums[t] / count);
      scale[t] = static_cast<float>(1 / std::sqrt(std::max(variance, 1e-12)));
    }
  }
};

Tagger::Tagger(const Model& model, std::vector<Tag> tags, std::span<const float> background,
               const TaggerOptions& options)
    : impl_(std::make_unique<Impl>()) {
  const size_t n = background.size() / model.embed_dim();
  if (tags.empty()) fail(ErrorCode::invalid_argument, "no tag; expected a vocabulary");
  if (n < kLeastBackground || background.size() != n * model.embed_dim()) {
    fail(ErrorCode::invalid_argument, "the background has ", n, " pictures, expected at least ",
         kLeastBackground, ": words are measured against how near they are to other pictures");
  }
  const size_t place = options.prompt.find("{}");
  if (place == std::string::npos)
    fail(ErrorCode::invalid_argument, "prompt '", options.prompt, "' has no {}, which stands for the tag");
  impl_->options = options;
  impl_->table = LabelTable(
      model, "tags", prompts_of(tags, options.prompt, place),
      [](const std::string& prompt) { return prompt; }, options.cache, options.progress);
  for (const Tag& tag : tags) {
    const auto more_words =
        std::count_if(tag.name.begin(), tag.name.end(), [](char c) { return c == ' ' || c == '-'; });
    impl_->cost.push_back(static_cast<float>(options.per_word * static_cast<double>(more_words) +
                                             options.per_rarity * static_cast<double>(tag.rarity)));
  }
  impl_->tags = std::move(tags);
  impl_->calibrate(background);
}
Tagger::Tagger(Tagger&&) noexcept = default;
Tagger& Tagger::operator=(Tagger&&) noexcept = default;
Tagger::~Tagger() = default;

const std::vector<Tag>& Tagger::tags() const noexcept { return impl_->tags; }

std::vector<Tagger::Score> Tagger::tag(std::span<const float> image) const {
  const Impl& s = *impl_;
  const std::vector<float> cosines = s.table.scores(image);
  std::vector<float> z(cosines.size()), asked(cosines.size());
  for (size_t t = 0; t < z.size(); ++t) {
    z[t] = (cosines[t] - s.mean[t]) * s.scale[t];
    asked[t] = z[t] - s.cost[t];
  }
  const auto above = static_cast<size_t>(std::count_if(asked.begin(), asked.end(), [&](float one) {
    return static_cast<double>(one) >= s.options.threshold;
  }));
  std::vector<Score> out;
  std::vector<std::vector<float>> taken;
  std::vector<std::vector<std::string>> taken_words;
  for (const size_t t : top_indices(asked, above)) {
    if (out.size() == s.options.most) break;
    std::vector<std::string> words = words_of(s.tags[t].name);
    const auto shares = [&](const std::vector<std::string>& others) { return share_a_word(words, others); };
    if (s.options.merge_words && std::any_of(taken_words.begin(), taken_words.end(), shares)) continue;
    std::vector<float> row = s.table.row(t);
    const bool same = std::any_of(taken.begin(), taken.end(), [&](const std::vector<float>& other) {
      return dot(std::span<const float>(row), std::span<const float>(other)) > s.options.merge;
    });
    if (same) continue;
    out.push_back({t, cosines[t], z[t]});
    taken.push_back(std::move(row));
    taken_words.push_back(std::move(words));
  }
  return out;
}

std::string xmp_sidecar(std::span<const std::string> tags) {
  std::string out =
      "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta "
      "xmlns:x=\"adobe:ns:meta/\">\n"
      " <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
      "  <rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "
      "xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmp:CreatorTool=\"";
  out += std::string(kCreator) + "\">\n   <dc:subject>\n    <rdf:Bag>\n";
  for (const std::string& tag : tags) out += "     <rdf:li>" + markup_escaped(tag) + "</rdf:li>\n";
  return out +
         "    </rdf:Bag>\n   </dc:subject>\n  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket "
         "end=\"w\"?>\n";
}

bool is_own_xmp(const std::string& text) {
  return text.find(std::string("xmp:CreatorTool=\"") + kCreator + "\"") != std::string::npos;
}

}  // namespace simdclip
