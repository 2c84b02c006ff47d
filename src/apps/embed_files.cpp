#include "simdclip/embed_files.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include <system_error>

#include "base/aligned.h"
#include "base/fail.h"

namespace simdclip {
namespace {

constexpr size_t kBatch = 16;   // pictures; two batches of B/32's pixels are 19 MB
constexpr size_t kBatches = 2;  // one is filled while the tower reads the other

// Decoder threads fill batches of pixels in the order of the files; the caller takes them in the same order.
class PixelPipeline {
 public:
  PixelPipeline(const Model& model, std::span<const std::string> files, const DecodeOptions& decode_options, unsigned threads)
      : model_(model), files_(files), decode_options_(decode_options), picture_(3 * model.info().image_height * model.info().image_width) {
    slots_ = std::min(files.size(), kBatch);
    for (Batch& batch : batches_) {
      batch.pixels = AlignedBuffer<float>(slots_ * picture_);
      batch.bad.resize(slots_);
    }
    try {
      for (unsigned t = 0; t < threads; ++t) threads_.emplace_back([this] { decode(); });
    } catch (const std::system_error&) {
      stop();
      fail(ErrorCode::io, "cannot start ", threads, " decoder threads; ask for fewer");
    }
  }
  ~PixelPipeline() { stop(); }
  PixelPipeline(const PixelPipeline&) = delete;
  PixelPipeline& operator=(const PixelPipeline&) = delete;

  struct Batch {
    AlignedBuffer<float> pixels;                  // [slots, 3, H, W]
    std::vector<std::exception_ptr> bad;          // of each slot
    size_t done = 0;
  };

  size_t slots() const noexcept { return slots_; }
  size_t picture() const noexcept { return picture_; }

  // The batch that holds files [number * slots, ...), complete.
  Batch& wait(size_t number, size_t count) {
    Batch& batch = batches_[number % kBatches];
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return batch.done == count; });
    return batch;
  }

  void release(Batch& batch) {
    {
      const std::lock_guard lock(mutex_);
      batch.done = 0;
      std::fill(batch.bad.begin(), batch.bad.end(), nullptr);
      ++released_;
    }
    freed_.notify_all();
  }

 private:
  void stop() noexcept {
    {
      const std::lock_guard lock(mutex_);
      next_ = files_.size();
    }
    freed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  // The next file, once there is room for it; nothing when there is none left.
  std::optional<size_t> take() {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [this] { return next_ >= files_.size() || next_ / slots_ < released_ + kBatches; });
    if (next_ >= files_.size()) return std::nullopt;
    return next_++;
  }

  void decode() {
    while (const std::optional<size_t> file = take()) {
      Batch& batch = batches_[*file / slots_ % kBatches];
      const size_t slot = *file % slots_;
      try {
        model_.preprocess_file(files_[*file], batch.pixels.span().subspan(slot * picture_, picture_),
                               decode_options_);
      } catch (...) {
        batch.bad[slot] = std::current_exception();
        // The tower runs over the whole batch; rows of bad files are dropped.
        std::fill_n(batch.pixels.data() + slot * picture_, picture_, 0.0F);
      }
      {
        const std::lock_guard lock(mutex_);
        ++batch.done;
      }
      filled_.notify_one();
    }
  }

  const Model& model_;
  const std::span<const std::string> files_;
  const DecodeOptions decode_options_;
  const size_t picture_;  // floats
  size_t slots_ = 0;
  Batch batches_[kBatches];
  std::mutex mutex_;
  std::condition_variable filled_, freed_;
  size_t next_ = 0, released_ = 0;
  std::vector<std::thread> threads_;
};

// The error of a bad file, given to on_bad; any other exception passes.
void report(const std::exception_ptr& bad, size_t file, const EmbedFilesOptions& options) {
  if (!options.on_bad) std::rethrow_exception(bad);
  try {
    std::rethrow_exception(bad);
  } catch (const Error& error) {
    options.on_bad(file, error);
  }
}

}  // namespace

void embed_files(const Model& model, std::span<const std::string> files,
                 const std::function<void(size_t file, std::span<const float> row)>& row, const EmbedFilesOptions& options) {
  if (!model.info().has_image_tower) {
    fail(ErrorCode::unsupported, model.info().path, ": this model has no image tower; convert a checkpoint that has one");
  }
  if (files.empty()) return;
  const unsigned threads = options.decode_threads == 0 ? model.info().threads : options.decode_threads;
  const DecodeOptions decode_options{.apply_orientation = options.apply_orientation, .fast_decode = options.fast_decode};
  PixelPipeline pipeline(model, files, decode_options, static_cast<unsigned>(std::min<size_t>(threads, files.size())));
  const size_t width = model.embed_dim();
  std::vector<float> rows(pipeline.slots() * width);
  for (size_t first = 0, number = 0; first < files.size(); first += pipeline.slots(), ++number) {
    const size_t count = std::min(pipeline.slots(), files.size() - first);
    PixelPipeline::Batch& batch = pipeline.wait(number, count);
    model.embed_pixels(batch.pixels.span().first(count * pipeline.picture()), std::span(rows).first(count * width),
                       options.normalize);
    const std::vector<std::exception_ptr> bad = batch.bad;
    pipeline.release(batch);
    for (size_t i = 0; i < count; ++i) {
      if (bad[i]) {
        report(bad[i], first + i, options);
      } else {
        row(first + i, std::span(rows).subspan(i * width, width));
      }
    }
  }
}

}  // namespace simdclip
