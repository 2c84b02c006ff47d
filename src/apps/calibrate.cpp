#include "simdclip/calibrate.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

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

// What a layer's inputs looked like. A row of bytes has steps of max|x| / 127, so its relative error is that of its
// crest: max|x| / root mean square.
struct LayerInputs {
  std::vector<float> maxima;  // of each channel
  double crest = 0;           // sum over the rows of (max|x| / rms)^2
  size_t rows = 0;
};

class InputStatistics : public InputProbe {
 public:
  explicit InputStatistics(const ModelFile& file) : file_(file) {}

  void see(const void* weight, ConstSpan2f x) override {
    LayerInputs& layer = layers_[name_of(static_cast<const std::byte*>(weight))];
    layer.maxima.resize(x.cols);
    for (size_t r = 0; r < x.rows; ++r) {
      double squares = 0;
      float top = 0;
      for (size_t c = 0; c < x.cols; ++c) {
        const float value = std::abs(x.row(r)[c]);
        layer.maxima[c] = std::max(layer.maxima[c], value);
        top = std::max(top, value);
        squares += double{value} * double{value};
      }
      if (squares > 0) layer.crest += double{top} * double{top} * static_cast<double>(x.cols) / squares;
    }
    layer.rows += x.rows;
  }

  const std::map<std::string, LayerInputs>& layers() const noexcept { return layers_; }

 private:
  // A part of a weight's columns begins inside its bytes.
  const std::string& name_of(const std::byte* weight) const {
    for (size_t i = 0; i < file_.specs().size(); ++i) {
      const auto bytes = file_.tensor(i).bytes;
      if (weight >= bytes.data() && weight < bytes.data() + bytes.size()) return file_.specs()[i].name;
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

// At most `most` of the files, spread evenly; files that cannot be read are passed over.
std::vector<ShownPicture> read_pictures(const std::string& model_path, std::span<const std::string> files, size_t most) {
  const Model model = Model::open(model_path);
  if (!model.info().has_image_tower) {
    fail(ErrorCode::unsupported, model_path, ": calibration shows pictures to the image tower, and this model has none; convert without it");
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
    pictures.push_back({{one.begin(), one.begin() + static_cast<std::ptrdiff_t>(size_t{3} * size.height * size.width)}, size});
  }
  if (pictures.empty()) fail(ErrorCode::not_found, "calibration: none of ", count, " pictures could be read; give a folder of photos");
  return pictures;
}

// The file at `from`, already synced, becomes `to`, which is replaced.
void replace(const std::string& from, const std::string& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) fail(ErrorCode::io, to, ": cannot be written: ", error.message());
}

// The layers of the equalized model whose inputs suffer most from a row's 8 bits, worst first.
std::vector<std::string> by_crest(const std::map<std::string, LayerInputs>& layers) {
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [name, inputs] : layers) order.emplace_back(-inputs.crest / static_cast<double>(inputs.rows), name);
  std::sort(order.begin(), order.end());
  std::vector<std::string> names;
  for (auto& [crest, name] : order) names.push_back(std::move(name));
  return names;
}

}  // namespace

Calibration convert_calibrated(const std::string& source, const std::string& output, std::span<const std::string> pictures,
                               const CalibrateOptions& options) {
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
  std::vector<ShownPicture> shown;
  std::vector<float> wanted;
  const auto look = [&](std::map<std::string, LayerInputs>& seen) {  // runs the f32 model as the options now have it
    convert_options.precision = "f32";
    convert(source, scratch.path(), convert_options);
    convert_options.note = nullptr;  // each note once
    if (shown.empty()) shown = read_pictures(scratch.path(), pictures, options.pictures);
    const Clip clip(scratch.path(), {});
    InputStatistics statistics(clip.file());
    wanted = embed(clip, shown, &statistics);
    result.pictures = wanted.size() / clip.info().embed_dim;
    seen = statistics.layers();
  };
  std::map<std::string, LayerInputs> seen;
  look(seen);
  for (const auto& [name, inputs] : seen) convert_options.input_maxima[name] = inputs.maxima;
  look(seen);
  const std::vector<std::string> sensitive = by_crest(seen);

  // The layers are chosen on files beside the output, which appears once it is what was asked for.
  convert_options.precision = "int8";
  for (;;) {
    convert(source, scratch.path(), convert_options);
    const Clip clip(scratch.path(), {});
    result.lowest_cosine = cosine_agreement(wanted, embed(clip, shown, nullptr), clip.info().embed_dim).lowest;
    result.bf16_weights = convert_options.bf16_weights;
    const std::string state = std::to_string(result.pictures) + " pictures: lowest cosine to f32 " + std::to_string(result.lowest_cosine);
    const size_t kept = result.bf16_weights.size();
    if (result.lowest_cosine >= options.target || kept >= std::min(options.most_bf16_layers, sensitive.size())) {
      step(state);
      replace(scratch.path(), destination);
      return result;
    }
    step(state + "; " + sensitive[kept] + " stays bf16");
    convert_options.bf16_weights.push_back(sensitive[kept]);
  }
}

}  // namespace simdclip
