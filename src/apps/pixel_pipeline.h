// Pictures to batches of pixels, in order, on threads of its own.
//
// read | decode + preprocess run on these threads, the tower on the caller's. Decoding and the tower both
// want every core, so they take turns: decoders pause at the gate while the tower runs (having read their
// next picture already), and go on while the tower waits for its next batch. Nobody idles, and the tower's
// threads are not preempted between its layers.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "apps/picture_source.h"
#include "base/aligned.h"
#include "simdclip/model.h"

namespace simdclip {

class PixelPipeline {
 public:
  struct Options {
    DecodeOptions decode;
    unsigned threads = 1;
    // Called on decoder threads with the encoded picture. False: it is not decoded.
    std::function<bool(size_t picture, std::span<const std::byte> bytes)> wanted;
  };
  PixelPipeline(const Model& model, const PictureSet& pictures, size_t first, size_t last, Options options);
  ~PixelPipeline();
  PixelPipeline(const PixelPipeline&) = delete;
  PixelPipeline& operator=(const PixelPipeline&) = delete;

  enum class State : uint8_t { ready, bad, unwanted };
  struct Batch {
    AlignedBuffer<float> pixels;          // [slots, picture_floats()]
    std::vector<PixelSize> sizes;         // of each ready slot
    std::vector<State> states;            // of each slot
    std::vector<std::exception_ptr> bad;  // of each slot
    size_t first = 0, count = 0;          // its pictures
    size_t done = 0;
  };

  size_t picture_floats() const noexcept { return picture_; }
  // A ready slot's picture.
  Pixels picture(const Batch& batch, size_t slot) const noexcept {
    const PixelSize size = batch.sizes[slot];
    return {{batch.pixels.data() + slot * picture_, size_t{3} * size.height * size.width}, size};
  }

  // The next batch, complete; nullptr behind the last one. release() it before asking for another one but
  // one.
  Batch* next();
  void release(Batch& batch);

  // Decoders pause while it lives.
  class TowerRuns {
   public:
    explicit TowerRuns(PixelPipeline& pipeline) : pipeline_(pipeline) { pipeline_.close_gate(true); }
    ~TowerRuns() { pipeline_.close_gate(false); }
    TowerRuns(const TowerRuns&) = delete;
    TowerRuns& operator=(const TowerRuns&) = delete;

   private:
    PixelPipeline& pipeline_;
  };

 private:
  static constexpr size_t kBatches = 2;  // one is filled while the tower reads the other

  void stop() noexcept;
  void close_gate(bool closed);
  std::optional<size_t> claim(std::vector<std::byte>& bytes, bool& have_bytes, std::exception_ptr& bad);
  void decode();
  State prepare(size_t i, std::vector<std::byte>& bytes, bool have_bytes, std::span<float> pixels,
                PixelSize& size);
  void wait_at_gate();

  const Model& model_;
  const PictureSet& pictures_;
  const size_t first_, last_;
  const Options options_;
  const size_t picture_;  // floats
  size_t slots_;
  Batch batches_[kBatches];
  PictureReader reader_;
  std::mutex mutex_, claim_mutex_;
  std::condition_variable filled_, freed_, gate_;
  size_t next_, released_ = 0, handed_out_ = 0;
  bool gate_closed_ = false, stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace simdclip
