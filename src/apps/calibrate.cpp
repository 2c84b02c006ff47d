#include "simdclip/calibrate.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include "base/atomic_file.h"
#include "base/fail.h"
#include "model/clip.h"
#include "simdclip/accuracy.h"
#include "simdclip/model.h"

namespace simdclip {
namespace {

// A model file that is gone at the end.
class ScratchFile {
 public:
  explicit ScratchFile(std::string path) : path_(std::move(path)) {}
  ~ScratchFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

// What a layer's inputs looked like. A row of bytes has steps of max|x| / 127, so its relative error is that
// of its crest: max|x| / root mean square.
struct LayerInputs {
  std::vector<float> maxima;  // of each channel
  double crest = 0;           // sum over the rows of (max|x| / rms)^2
  double squares = 0;         // sum of x^2
  double weights = 0;         // sum of the weights' squares
  size_t rows = 0;

  // Of one row's output, if inputs and weights have nothing to do with each other.
  double output_energy() const {
    return squares / static_cast<double>(rows) * weights / static_cast<double>(maxima.size());
  }
};

class InputStatistics : public InputProbe {
 public:
  explicit InputStatistics(const ModelFile& file) : file_(file) {}

  void see(const void* weight, ConstSpan2f x) override {
    const TensorView tensor = tensor_of(static_cast<const std::byte*>(weight));
    LayerInputs& layer = layers_[tensor.spec->name];
    layer.maxima.resize(x.cols);
    if (layer.rows == 0) {
      const float* const values = tensor.f32();
      for (size_t i = 0; i < tensor.bytes.size() / sizeof(float); ++i)
        layer.weights += double{values[i]} * double{values[i]};
    }
    for (size_t r = 0; r < x.rows; ++r) {
      double squares = 0;
      float top = 0;
      for (size_t c = 0; c < x.cols; ++c) {
        const float value = std::abs(x.row(r)[c]);
        layer.maxima[c] = std::max(layer.maxima[c], value);
        top = std::max(top, value);
        squares += double{value} * double{value};
      }
      layer.squares += squares;
      if (squares > 0) layer.crest += double{top} * double{top} * static_cast<double>(x.cols) / squares;
    }
    layer.rows += x.rows;
  }

  const std::map<std::string, LayerInputs>& layers() const noexcept { return layers_; }

 private:
  // A part of a weight's columns begins inside its bytes.
  TensorView tensor_of(const std::byte* weight) const {
    for (size_t i = 0; i < file_.specs().size(); ++i) {
      const TensorView tensor = file_.tensor(i);
      if (weight >= tensor.bytes.data() && weight < tensor.bytes.data() + tensor.bytes.size()) return tensor;
    }
    throw std::logic_error("a layer's weight lies outside its model file");
  }

  const ModelFile& file_;
  std::map<std::string, LayerInputs> layers_;
};

struct ShownPicture {
  std::vector<float> values;  // [3, height, width]
  PixelSize size;
};

std::vector<float> embed(const Clip& clip, std::span<const ShownPicture> shown, InputProbe* probe) {
  std::vector<Pixels> pictures;
  for (const ShownPicture& picture : shown) pictures.push_back({picture.values, picture.size});
  std::vector<float> out(pictures.size() * clip.info().embed_dim);
  Engine engine = clip.engine();
  engine.probe = probe;
  clip.embed_preprocessed(pictures, out, true, engine);
  return out;
}

// What the text tower is shown where no texts are given: names, prompts and captions of several lengths and
// styles.
constexpr const char* kTexts[] = {
    "dog",
    "a red bicycle",
    "streetlight",
    "passport",
    "a photo of a cat.",
    "a photo of a mountain lake.",
    "a blurry photo of a train.",
    "a sketch of an old man with a beard",
    "a plate of pasta with tomatoes and basil",
    "two children building a sandcastle on the beach",
    "the skyline of a city at night, seen from across the river",
    "black and white portrait of a woman laughing",
    "screenshot of a spreadsheet with sales figures for 2019",
    "a close-up of a bee on a yellow flower",
    "an aerial view of fields in autumn",
    "snow",
    "football players celebrating a goal",
    "a receipt from a supermarket, total 23.40",
    "logo of a coffee shop, minimalist vector art, flat colours, white background",
    "a cozy living room with a fireplace, bookshelves on both walls, a sleeping dog on the carpet and snow "
    "outside the window",
    "X-ray of a hand",
    "satellite photo of a harbour",
    "a page of handwritten notes about photosynthesis",
    "an oil painting of a sailing ship in a storm, dramatic light, by a Dutch master of the seventeenth "
    "century",
    "a person riding a horse on a trail through the woods while another person walks ahead with two dogs on "
    "leashes",
    "sushi",
    "the inside of an abandoned factory",
    "birthday cake with five candles",
    "a wedding under a big tree",
    "4k, highly detailed, cinematic lighting, portrait of an astronaut in a garden of glass flowers, "
    "volumetric fog",
    "a parking lot",
    "graffiti on a brick wall that says \"hello\"",
};

std::vector<float> embed(const Clip& clip, std::span<const std::string> texts, InputProbe* probe) {
  std::vector<float> out(texts.size() * clip.info().embed_dim);
  std::vector<std::vector<int32_t>> ids;
  for (const std::string& text : texts) {
    ids.push_back(clip.tokenizer().encode(text));
    // Towers that see the whole text see its padding too.
    if (!clip.text().config().causal)
      ids.back().resize(clip.tokenizer().context_length(), clip.tokenizer().pad_id());
  }
  const std::vector<std::span<const int32_t>> lists(ids.begin(), ids.end());
  Engine engine = clip.engine();
  engine.probe = probe;
  clip.embed_id_lists(lists, out, true, engine);
  return out;
}

// At most `most` of the files, spread evenly; files that cannot be read are passed over.
std::vector<ShownPicture> read_pictures(const std::string& model_path, std::span<const std::string> files,
                                        size_t most) {
  const Model model = Model::open(model_path);
  if (!model.info().has_image_tower) {
    fail(ErrorCode::unsupported, model_path,
         ": calibration shows pictures to the image tower, and this model has none; convert without it");
  }
  const size_t count = std::min(most, files.size());
  std::vector<ShownPicture> pictures;
  std::vector<float> one(model.info().max_pixels);
  for (size_t i = 0; i < count; ++i) {
    PixelSize size;
    try {
      size = model.preprocess_file(files[files.size() * i / count], one);
    } catch (const Error&) {
      continue;
    }
    pictures.push_back(
        {{one.begin(), one.begin() + static_cast<std::ptrdiff_t>(size_t{3} * size.height * size.width)},
         size});
  }
  if (pictures.empty())
    fail(ErrorCode::not_found, "calibration: none of ", count,
         " pictures could be read; give a folder of photos");
  return pictures;
}

// The file at `from`, already synced, becomes `to`, which is replaced.
void replace(const std::string& from, const std::string& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) fail(ErrorCode::io, to, ": cannot be written: ", error.message());
}

// Where in its tower a layer stands: "text.blocks.7.mlp.fc2.weight" -> the branch "text.blocks.7.mlp".
struct Place {
  size_t block;
  std::string attention, mlp;  // the block's two branches
  bool in_mlp;
};
std::optional<Place> place_of(const std::string& name) {
  constexpr std::string_view kBlocks = ".blocks.";
  const size_t at = name.find(kBlocks), number = at + kBlocks.size();
  const size_t end = at == std::string::npos ? at : name.find('.', number);
  if (end == std::string::npos) return std::nullopt;
  const bool attention = name.compare(end, 6, ".attn.") == 0;
  if (!attention && name.compare(end, 5, ".mlp.") != 0) return std::nullopt;
  const std::string block = name.substr(0, end);
  return Place{std::stoul(name.substr(number, end - number)), block + ".attn", block + ".mlp", !attention};
}

// How much of the stream of tokens behind each branch is what the branch added, by energies: the first ones
// make most of it, and what is wrong there all later blocks go on from.
std::map<std::string, double> branch_shares(const std::map<std::string, LayerInputs>& layers,
                                            std::string_view tower) {
  std::map<std::pair<size_t, bool>, std::pair<std::string, double>>
      branches;  // in the order of their computation
  for (const auto& [name, inputs] : layers) {
    const std::optional<Place> place = name.starts_with(tower) ? place_of(name) : std::nullopt;
    if (!place || !(name.ends_with(".attn.proj.weight") || name.ends_with(".mlp.fc2.weight"))) continue;
    branches[{place->block, place->in_mlp}] = {place->in_mlp ? place->mlp : place->attention,
                                               inputs.output_energy()};
  }
  std::map<std::string, double> shares;
  double stream = 0;
  for (const auto& [order, branch] : branches) {
    stream += branch.second;
    shares[branch.first] = branch.second / stream;
  }
  return shares;
}

// The layers of one tower of the equalized model whose inputs' 8 bits harm the stream of tokens most, worst
// first: by the noise of their crest and the share of their branch.
std::vector<std::string> by_harm(const std::map<std::string, LayerInputs>& layers, std::string_view tower) {
  const std::map<std::string, double> shares = branch_shares(layers, tower);
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [name, inputs] : layers) {
    if (!name.starts_with(tower)) continue;
    const std::optional<Place> place = place_of(name);
    const auto share = place ? shares.find(place->in_mlp ? place->mlp : place->attention) : shares.end();
    const double noise = inputs.crest / static_cast<double>(inputs.rows);
    order.emplace_back(-noise * (share == shares.end() ? 1 : share->second), name);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::string> names;
  for (auto& [harm, name] : order) names.push_back(std::move(name));
  return names;
}

// One tower: what it shall compute, and its layers that may stay bf16.
struct TowerState {
  std::vector<float> wanted;  // [n, E], by the f32 model; empty: the model has no such tower
  CosineAgreement now;        // of int8 with it
  std::vector<std::string> sensitive;
  size_t tried = 0;

  bool wants(double target) const { return now.lowest < target && tried < sensitive.size(); }
};

// A layer stays in bf16 if it takes at least a twentieth of what the lowest or the mean cosine lacks. For
// each that may stay, two are tried.
constexpr double kPays = 0.95;
bool pays(const CosineAgreement& now, const CosineAgreement& before) {
  return 1 - now.lowest <= kPays * (1 - before.lowest) || 1 - now.mean <= kPays * (1 - before.mean);
}
constexpr size_t kTriesPerLayer = 2;

}  // namespace

Calibration convert_calibrated(const std::string& source, const std::string& output,
                               std::span<const std::string> pictures, const CalibrateOptions& options) {
  const auto step = [&](const std::string& text) {
    if (options.step) options.step(text);
  };
  Calibration result;
  ConvertOptions convert_options = options.convert;
  convert_options.bf16_weights.clear();
  convert_options.input_maxima.clear();
  if (output.empty()) fail(ErrorCode::invalid_argument, "convert: the output is an empty path");
  const std::string destination = follow_link(output);
  const ScratchFile scratch(destination + ".calibrate");
  const std::vector<std::string> texts =
      options.texts.empty() ? std::vector<std::string>(std::begin(kTexts), std::end(kTexts)) : options.texts;
  std::vector<ShownPicture> shown;
  TowerState image, text;
  // Runs the f32 model as the options now have it.
  const auto look = [&](const char* what, std::map<std::string, LayerInputs>& seen) {
    step(what);
    convert_options.precision = "f32";
    convert(source, scratch.path(), convert_options);
    convert_options.note = nullptr;  // each note once
    if (shown.empty()) shown = read_pictures(scratch.path(), pictures, options.pictures);
    const Clip clip(scratch.path(), {});
    InputStatistics statistics(clip.file());
    image.wanted = embed(clip, shown, &statistics);
    if (clip.config().text) text.wanted = embed(clip, texts, &statistics);
    result.pictures = image.wanted.size() / clip.info().embed_dim;
    seen = statistics.layers();
  };
  std::map<std::string, LayerInputs> seen;
  look("1 of 3: the f32 model's layers, as they are", seen);
  for (const auto& [name, inputs] : seen) convert_options.input_maxima[name] = inputs.maxima;
  look("2 of 3: the same, channels evened out", seen);
  image.sensitive = by_harm(seen, "visual.");
  text.sensitive = by_harm(seen, "text.");
  result.texts = text.wanted.empty() ? 0 : texts.size();

  // The layers are chosen on files beside the output, which appears once it is what was asked for.
  step("3 of 3: int8, and which layers stay bf16");
  convert_options.precision = "int8";
  TowerState* changed = nullptr;  // the tower whose last tried layer the file has in bf16
  CosineAgreement before;
  for (size_t tries = 0;; ++tries) {
    convert(source, scratch.path(), convert_options);
    {
      const Clip clip(scratch.path(), {});
      const size_t width = clip.info().embed_dim;
      image.now = cosine_agreement(image.wanted, embed(clip, shown, nullptr), width);
      if (result.texts != 0) text.now = cosine_agreement(text.wanted, embed(clip, texts, nullptr), width);
    }
    const bool in_vain = changed != nullptr && !pays(changed->now, before);
    if (in_vain) {
      changed->now = before;
      convert_options.bf16_weights.pop_back();
    }
    std::string state = std::to_string(result.pictures) + " pictures: lowest cosine to f32 " +
                        std::to_string(image.now.lowest);
    if (result.texts != 0)
      state += ", " + std::to_string(result.texts) + " texts: " + std::to_string(text.now.lowest);
    state += "; " + std::to_string(convert_options.bf16_weights.size()) + " layers in bf16";
    const bool image_wants = image.wants(options.target), text_wants = text.wants(options.target);
    if ((!image_wants && !text_wants) || convert_options.bf16_weights.size() >= options.most_bf16_layers ||
        tries >= kTriesPerLayer * options.most_bf16_layers) {
      step(state);
      if (in_vain) convert(source, scratch.path(), convert_options);
      break;
    }
    changed = image_wants && (!text_wants || image.now.lowest <= text.now.lowest) ? &image : &text;
    before = changed->now;
    const std::string& layer = changed->sensitive[changed->tried++];
    step(state + "; tried next: " + layer);
    convert_options.bf16_weights.push_back(layer);
  }
  result.lowest_cosine = image.now.lowest;
  result.lowest_text_cosine = text.now.lowest;
  result.bf16_weights = convert_options.bf16_weights;
  replace(scratch.path(), destination);
  return result;
}

}  // namespace simdclip
