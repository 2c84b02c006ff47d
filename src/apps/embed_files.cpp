#include "simdclip/embed_files.h"

#include <algorithm>
#include <exception>

#include "apps/embed_batches.h"
#include "base/fail.h"

namespace simdclip {
namespace {

// The error of a bad picture, given to on_bad; any other exception passes.
void report(const std::exception_ptr& bad, size_t picture, const EmbedFilesOptions& options) {
  if (!options.on_bad) std::rethrow_exception(bad);
  try {
    std::rethrow_exception(bad);
  } catch (const Error& error) {
    options.on_bad(picture, error);
  }
}

}  // namespace

void embed_batches(const Model& model, const PictureSet& pictures, size_t first, size_t last,
                   PixelPipeline::Options options, bool normalize, const TakeEmbedded& take) {
  using State = PixelPipeline::State;
  if (!model.info().has_image_tower) {
    fail(ErrorCode::unsupported, model.info().path,
         ": this model has no image tower; convert a checkpoint that has one");
  }
  last = std::min(last, pictures.size());
  if (first >= last) return;
  if (options.threads == 0) options.threads = model.info().threads;
  options.threads = static_cast<unsigned>(std::min<size_t>(options.threads, last - first));
  PixelPipeline pipeline(model, pictures, first, last, std::move(options));
  const size_t width = model.embed_dim();
  std::vector<float> rows;
  std::vector<Pixels> ready;
  while (PixelPipeline::Batch* batch = pipeline.next()) {
    ready.clear();
    for (size_t i = 0; i < batch->count; ++i)
      if (batch->states[i] == State::ready) ready.push_back(pipeline.picture(*batch, i));
    rows.resize(ready.size() * width);
    if (!ready.empty()) {
      const PixelPipeline::TowerRuns gate(pipeline);
      model.embed_preprocessed(ready, rows, normalize);
    }
    const std::vector<State> states = batch->states;
    const std::vector<std::exception_ptr> bad = batch->bad;
    const size_t begin = batch->first, count = batch->count;
    pipeline.release(*batch);
    for (size_t i = 0, row = 0; i < count; ++i) {
      const bool has_row = states[i] == State::ready;
      take(begin + i,
           has_row ? std::span<const float>(rows).subspan(row * width, width) : std::span<const float>(),
           bad[i]);
      row += has_row ? 1 : 0;
    }
  }
}

void embed_pictures(const Model& model, const PictureSet& pictures, size_t first, size_t last,
                    const std::function<void(size_t picture, std::span<const float> row)>& row,
                    const EmbedFilesOptions& options) {
  const DecodeOptions decode{.apply_orientation = options.apply_orientation,
                             .fast_decode = options.fast_decode};
  embed_batches(model, pictures, first, last,
                {.decode = decode, .threads = options.decode_threads, .wanted = {}}, options.normalize,
                [&](size_t picture, std::span<const float> values, const std::exception_ptr& bad) {
                  if (bad != nullptr) {
                    report(bad, picture, options);
                  } else {
                    row(picture, values);
                  }
                });
}

void embed_files(const Model& model, std::span<const std::string> files,
                 const std::function<void(size_t file, std::span<const float> row)>& row,
                 const EmbedFilesOptions& options) {
  PictureSet pictures;
  for (const std::string& file : files) pictures.add_file(file);
  embed_pictures(model, pictures, 0, pictures.size(), row, options);
}

}  // namespace simdclip
