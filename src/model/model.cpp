// The public Model: checks what the caller passes, then calls Clip.
#include "simdclip/model.h"

#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "base/read_file.h"
#include "image/preprocess.h"
#include "model/clip.h"

namespace simdclip {
namespace {

void expect_size(const char* what, size_t found, size_t expected, const std::string& meaning) {
  if (found != expected) {
    fail(ErrorCode::invalid_argument, what, " has ", found, " elements, expected ", expected, " (", meaning,
         ")");
  }
}

std::string times(size_t n, const char* what, size_t extent) {
  return std::to_string(n) + " " + what + " x " + std::to_string(extent);
}

}  // namespace

struct Model::Impl : Clip {
  using Clip::Clip;

  // Runs make_pixels(i, pixels) for a few pictures at a time, then the tower: memory does not grow with n.
  template <typename MakePixels>
  void embed_each(size_t n, const MakePixels& make_pixels, std::span<float> out, bool normalize) const {
    vision();
    const size_t picture = info().max_pixels, width = embed_dim();
    expect_size("out", out.size(), n * width, times(n, "pictures", width));
    const size_t chunk = std::min(n, pictures_at_once());
    AlignedBuffer<float> pixels(chunk * picture);
    std::vector<Pixels> pictures(chunk);
    for (size_t first = 0; first < n; first += chunk) {
      const size_t count = std::min(chunk, n - first);
      engine().pool.parallel_for(count, [&](size_t i) {
        const std::span<float> slot = pixels.span().subspan(i * picture, picture);
        const PixelSize size = make_pixels(first + i, slot);
        pictures[i] = {slot.first(size_t{3} * size.height * size.width), size};
      });
      embed_preprocessed(std::span(pictures).first(count), out.subspan(first * width, count * width),
                         normalize, engine());
    }
  }

  PixelSize prepare(const Image& image, std::span<float> pixels) const {
    return simdclip::preprocess(image, *config().preprocess, target_size(*config().vision), pixels,
                                engine().kernels);
  }

  PixelSize prepare(std::span<const std::byte> file, const DecodeOptions& options, const std::string& name,
                    std::span<float> pixels) const {
    return preprocess_encoded(file, options, name, *config().preprocess, target_size(*config().vision),
                              pixels, engine().kernels);
  }

  size_t embed_dim() const { return info().embed_dim; }
};

Model::Model(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Model Model::open(const std::string& path, const ModelOptions& options) {
  return Model(std::make_unique<Impl>(path, options));
}

const ModelInfo& Model::info() const noexcept { return impl_->info(); }

std::vector<TensorInfo> Model::tensors() const {
  const ModelFile& file = impl_->file();
  std::vector<TensorInfo> out;
  out.reserve(file.specs().size());
  for (size_t i = 0; i < file.specs().size(); ++i) {
    const TensorSpec& spec = file.specs()[i];
    out.push_back({spec.name, spec.shape, std::string(to_string(spec.storage)), file.tensor(i).bytes.size()});
  }
  return out;
}

void Model::embed_images(std::span<const std::span<const std::byte>> files, std::span<float> out,
                         bool normalize) const {
  impl_->embed_each(
      files.size(),
      [&](size_t i, std::span<float> pixels) {
        return impl_->prepare(files[i], {}, "image " + std::to_string(i), pixels);
      },
      out, normalize);
}

void Model::embed_images(std::span<const Image> images, std::span<float> out, bool normalize) const {
  impl_->embed_each(
      images.size(), [&](size_t i, std::span<float> pixels) { return impl_->prepare(images[i], pixels); },
      out, normalize);
}

void Model::embed_pixels(std::span<const float> pixels, std::span<float> out, bool normalize) const {
  const size_t picture = impl_->vision().pixels_per_picture(), n = pixels.size() / picture;
  expect_size("pixels", pixels.size(), n * picture,
              "whole pictures of " + std::to_string(picture) + " floats [3, height, width]");
  expect_size("out", out.size(), n * embed_dim(), times(n, "pictures", embed_dim()));
  impl_->embed_pixels(pixels, out, normalize, impl_->engine());
}

void Model::embed_preprocessed(std::span<const Pixels> pictures, std::span<float> out, bool normalize) const {
  impl_->vision();
  expect_size("out", out.size(), pictures.size() * embed_dim(),
              times(pictures.size(), "pictures", embed_dim()));
  impl_->embed_preprocessed(pictures, out, normalize, impl_->engine());
}

std::vector<float> Model::embed_image(const Image& image, bool normalize) const {
  std::vector<float> out(embed_dim());
  embed_images(std::span(&image, 1), out, normalize);
  return out;
}

std::vector<float> Model::embed_image_file(const std::string& path, bool normalize) const {
  std::vector<std::byte> bytes;
  read_file(path, bytes);
  std::vector<float> out(embed_dim());
  impl_->embed_each(
      1, [&](size_t, std::span<float> pixels) { return impl_->prepare(bytes, {}, path, pixels); }, out,
      normalize);
  return out;
}

PixelSize Model::preprocess_file(const std::string& path, std::span<float> out,
                                 const DecodeOptions& options) const {
  impl_->vision();
  expect_size("out", out.size(), info().max_pixels, "[3, height, width]");
  std::vector<std::byte> bytes;
  read_file(path, bytes);
  return impl_->prepare(bytes, options, path, out);
}

PixelSize Model::preprocess_bytes(std::span<const std::byte> bytes, std::span<float> out,
                                  const DecodeOptions& options, const std::string& name) const {
  impl_->vision();
  expect_size("out", out.size(), info().max_pixels, "[3, height, width]");
  return impl_->prepare(bytes, options, name, out);
}

std::vector<float> Model::preprocess(const Image& image, PixelSize* size) const {
  impl_->vision();
  std::vector<float> pixels(info().max_pixels);
  const PixelSize became = impl_->prepare(image, pixels);
  pixels.resize(size_t{3} * became.height * became.width);
  if (size != nullptr) *size = became;
  return pixels;
}

void Model::embed_texts(std::span<const std::string> texts, std::span<float> out, bool normalize) const {
  expect_size("out", out.size(), texts.size() * embed_dim(), times(texts.size(), "texts", embed_dim()));
  const bool causal = impl_->text().config().causal;
  std::vector<std::vector<int32_t>> ids(texts.size());
  std::vector<std::span<const int32_t>> lists(texts.size());
  impl_->engine().parallel_ranges(texts.size(), [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      // A causal tower stops at EOS, so its texts need no padding; others see it.
      ids[i] = causal ? impl_->tokenizer().encode(texts[i]) : tokenize(texts[i]);
      lists[i] = ids[i];
    }
  });
  impl_->embed_id_lists(lists, out, normalize, impl_->engine());
}

std::vector<float> Model::embed_text(std::string_view text, bool normalize) const {
  std::vector<float> out(embed_dim());
  const std::string copy(text);
  embed_texts(std::span(&copy, 1), out, normalize);
  return out;
}

void Model::embed_ids(std::span<const int32_t> ids, std::span<float> out, bool normalize) const {
  const TextConfig& config = impl_->text().config();
  const size_t context = config.context_length, n = ids.size() / context;
  expect_size("ids", ids.size(), n * context, "whole texts of " + std::to_string(context) + " ids");
  expect_size("out", out.size(), n * embed_dim(), times(n, "texts", embed_dim()));
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || static_cast<uint32_t>(ids[i]) >= config.vocab_size) {
      fail(ErrorCode::invalid_argument, "ids: text ", i / context, ", position ", i % context, " holds ",
           ids[i], ", expected 0 to ", config.vocab_size - 1);
    }
  }
  std::vector<std::span<const int32_t>> lists(n);
  for (size_t i = 0; i < n; ++i) lists[i] = ids.subspan(i * context, context);
  impl_->embed_id_lists(lists, out, normalize, impl_->engine());
}

std::vector<int32_t> Model::tokenize(std::string_view text) const {
  const Tokenizer& tokenizer = impl_->tokenizer();
  std::vector<int32_t> ids = tokenizer.encode(text);
  ids.resize(tokenizer.context_length(), tokenizer.pad_id());
  return ids;
}

std::vector<double> Model::cosines(std::span<const float> image, std::span<const float> texts) const {
  const size_t width = embed_dim(), n = texts.size() / width;
  expect_size("image", image.size(), width, "one embedding");
  expect_size("texts", texts.size(), n * width, "whole embeddings of " + std::to_string(width) + " floats");
  std::vector<double> out(n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t d = 0; d < width; ++d)
      out[i] += static_cast<double>(image[d]) * static_cast<double>(texts[i * width + d]);
  }
  return out;
}

std::vector<float> Model::logits(std::span<const float> image, std::span<const float> texts) const {
  std::vector<float> out;
  for (const double cosine : cosines(image, texts))
    out.push_back(static_cast<float>(info().logit_scale * cosine + info().logit_bias.value_or(0.0F)));
  return out;
}

std::vector<float> Model::probabilities(std::span<const float> logits) const {
  std::vector<float> out(logits.begin(), logits.end());
  if (info().logit_bias) {
    for (float& x : out) x = static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(x))));
    return out;
  }
  if (out.empty()) return out;
  const double highest = *std::max_element(out.begin(), out.end());
  double sum = 0;
  for (float x : out) sum += std::exp(static_cast<double>(x) - highest);
  for (float& x : out) x = static_cast<float>(std::exp(static_cast<double>(x) - highest) / sum);
  return out;
}

}  // namespace simdclip
