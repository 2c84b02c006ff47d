#include "apps/pixel_pipeline.h"

#include <algorithm>
#include <system_error>

#include "base/fail.h"

namespace simdclip {
namespace {

constexpr size_t kSmallestBatch = 16, kLargestBatch = 64;  // pictures; 16 of B/32 are 9.6 MB of pixels
constexpr size_t kKeptBytes = size_t{16} << 20U;           // a larger encoded picture is freed after use

}  // namespace

PixelPipeline::PixelPipeline(const Model& model, const PictureSet& pictures, size_t first, size_t last,
                             Options options)
    : model_(model),
      pictures_(pictures),
      first_(first),
      last_(last),
      options_(std::move(options)),
      picture_(model.info().max_pixels),
      reader_(pictures),
      next_(first) {
  const size_t batch = std::clamp<size_t>(2 * size_t{options_.threads}, kSmallestBatch, kLargestBatch);
  slots_ = std::max<size_t>(1, std::min(last - first, batch));
  for (Batch& b : batches_) {
    b.pixels = AlignedBuffer<float>(slots_ * picture_);
    b.sizes.resize(slots_);
    b.states.resize(slots_);
    b.bad.resize(slots_);
  }
  try {
    for (unsigned t = 0; t < options_.threads; ++t) threads_.emplace_back([this] { decode(); });
  } catch (const std::system_error&) {
    stop();
    fail(ErrorCode::io, "cannot start ", options_.threads, " decoder threads; ask for fewer");
  }
}

PixelPipeline::~PixelPipeline() { stop(); }

void PixelPipeline::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  freed_.notify_all();
  gate_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

PixelPipeline::Batch* PixelPipeline::next() {
  const size_t begin = first_ + handed_out_ * slots_;
  if (begin >= last_) return nullptr;
  Batch& batch = batches_[handed_out_++ % kBatches];
  const size_t count = std::min(slots_, last_ - begin);
  std::unique_lock lock(mutex_);
  filled_.wait(lock, [&] { return batch.done == count; });
  batch.first = begin;
  batch.count = count;
  return &batch;
}

void PixelPipeline::release(Batch& batch) {
  {
    const std::lock_guard lock(mutex_);
    batch.done = 0;
    std::fill(batch.bad.begin(), batch.bad.end(), nullptr);
    ++released_;
  }
  freed_.notify_all();
}

void PixelPipeline::close_gate(bool closed) {
  {
    const std::lock_guard lock(mutex_);
    gate_closed_ = closed;
  }
  if (!closed) gate_.notify_all();
}

void PixelPipeline::wait_at_gate() {
  std::unique_lock lock(mutex_);
  gate_.wait(lock, [this] { return !gate_closed_ || stopped_; });
}

// The next picture, once there is room for it; nothing when there is none left. Members of archives are read
// here, one at a time and in order.
std::optional<size_t> PixelPipeline::claim(std::vector<std::byte>& bytes, bool& have_bytes,
                                           std::exception_ptr& bad) {
  const std::lock_guard turn(claim_mutex_);
  {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [this] {
      return stopped_ || next_ >= last_ || (next_ - first_) / slots_ < released_ + kBatches;
    });
    if (stopped_ || next_ >= last_) return std::nullopt;
  }
  const size_t i = next_++;
  try {
    have_bytes = reader_.read_member(i, bytes);
  } catch (...) {
    bad = std::current_exception();
  }
  return i;
}

PixelPipeline::State PixelPipeline::prepare(size_t i, std::vector<std::byte>& bytes, bool have_bytes,
                                            std::span<float> pixels, PixelSize& size) {
  const std::string name = pictures_.name(i);
  if (!have_bytes) read_file(name, bytes);
  if (options_.wanted && !options_.wanted(i, bytes)) return State::unwanted;
  wait_at_gate();
  size = model_.preprocess_bytes(bytes, pixels, options_.decode, name);
  return State::ready;
}

void PixelPipeline::decode() {
  std::vector<std::byte> bytes;
  while (true) {
    bool have_bytes = false;
    std::exception_ptr bad;
    const std::optional<size_t> picture = claim(bytes, have_bytes, bad);
    if (!picture) return;
    Batch& batch = batches_[(*picture - first_) / slots_ % kBatches];
    const size_t slot = (*picture - first_) % slots_;
    State state = State::bad;
    if (bad == nullptr) {
      try {
        state = prepare(*picture, bytes, have_bytes, batch.pixels.span().subspan(slot * picture_, picture_),
                        batch.sizes[slot]);
      } catch (...) {
        bad = std::current_exception();
      }
    }
    if (bytes.capacity() > kKeptBytes) std::vector<std::byte>().swap(bytes);
    {
      const std::lock_guard lock(mutex_);
      batch.states[slot] = state;
      batch.bad[slot] = bad;
      ++batch.done;
    }
    filled_.notify_one();
  }
}

}  // namespace simdclip
