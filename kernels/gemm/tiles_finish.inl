// What follows K in the products on tiles: finished sums become rows of C a few at a time, between the
// multiplications of later blocks. Include after kernels/common/vec_*.h.
#pragma once

#include "kernels/gemm/epilogue.inl"
#include "kernels/gemm/pack.h"

namespace simdclip::kernels {
namespace {

// Finishing a row stands in the innermost loop; on emulated tiles it need not, and the compiler is spared.
#if !defined(SIMDCLIP_FINISH_ROW)
#define SIMDCLIP_FINISH_ROW SIMDCLIP_INLINE
#endif

inline constexpr size_t kTileRows = 16, kTileBytes = 64,
                        kTileStride = 32;  // stride of a 32 x 32 block of sums

inline constexpr size_t kBlockSums = 2 * kTileRows * kTileStride;

// The sums of a block of 32 columns that are still to be finished, a row at a time between other work: its
// pointers stay in registers. What finish() does, for whole panels.
template <Act act, typename Sum>
struct Unfinished {
  size_t rows = 0;
  const Sum* sums = nullptr;
  const float* a_scale = nullptr;
  const char* residual = nullptr;
  size_t ldr = 0;  // bytes
  char* c = nullptr;
  size_t ldc = 0;  // bytes
  bool narrow = false, narrow_residual = false;
  F16 bias[2] = {zero(), zero()}, b_scale[2] = {zero(), zero()};

  SIMDCLIP_INLINE void begin(const Output& out, const Sum* from, size_t row, size_t count,
                             size_t column) noexcept {
    rows = count;
    sums = from;
    narrow_residual = out.residual_bf16 != nullptr;
    residual = narrow_residual ? reinterpret_cast<const char*>(out.residual_bf16)
                               : reinterpret_cast<const char*>(out.residual);
    const size_t element = narrow_residual ? sizeof(uint16_t) : sizeof(float);
    ldr = out.ldr * element;
    if (residual != nullptr) residual += row * ldr + column * element;
    narrow = out.c_bf16 != nullptr;
    const size_t at = row * out.ldc + column;
    c = narrow ? reinterpret_cast<char*>(out.c_bf16 + at) : reinterpret_cast<char*>(out.c + at);
    ldc = out.ldc * (narrow ? sizeof(uint16_t) : sizeof(float));
    if (kInteger<Sum>) a_scale = out.a_scale + row;
    for (size_t p = 0; p < 2; ++p) {
      // Adding -0 changes nothing, -0 included; a branch for every row costs a quarter of the product.
      bias[p] = out.bias == nullptr ? broadcast(-0.0F) : load(out.bias + column + p * kLanes);
      if (kInteger<Sum>) b_scale[p] = load(out.b_scale + column + p * kLanes);
    }
  }
  SIMDCLIP_FINISH_ROW void one() noexcept {
    F16 x[2];
#pragma GCC unroll 2
    for (size_t p = 0; p < 2; ++p) {
      x[p] = as_f32(sums + p * kLanes, kInteger<Sum> ? broadcast(*a_scale) * b_scale[p] : zero());
      x[p] = x[p] + bias[p];
      x[p] = before_residual<act>(x[p]);
    }
    if (residual != nullptr) {
      if (narrow_residual) {
        const auto* from = reinterpret_cast<const uint16_t*>(residual);
        x[0] = x[0] + load_bf16(from, kLanes);
        x[1] = x[1] + load_bf16(from + kLanes, kLanes);
      } else {
        const auto* from = reinterpret_cast<const float*>(residual);
        x[0] = x[0] + load(from);
        x[1] = x[1] + load(from + kLanes);
      }
      residual += ldr;
    }
    x[0] = behind_residual<act>(x[0]);
    x[1] = behind_residual<act>(x[1]);
    if (narrow) {
      store_bf16_pair(reinterpret_cast<uint16_t*>(c), x[0], x[1]);
      __builtin_prefetch(c, 1);
    } else {
      store(reinterpret_cast<float*>(c), x[0]);
      store(reinterpret_cast<float*>(c) + kLanes, x[1]);
      // The store would ask for its line when its turn comes, behind all loads of tiles; asked for now it is
      // there by then (C in f32 beyond L2: 12 % of the product).
      __builtin_prefetch(c, 1);
      __builtin_prefetch(c + kLanes * sizeof(float), 1);
    }
    if (kInteger<Sum>) ++a_scale;
    sums += kTileStride;
    c += ldc;
    --rows;
  }
  SIMDCLIP_INLINE void some(size_t count) noexcept {
    for (count = count < rows ? count : rows; count != 0; --count) one();
  }
};

// One block of rows, for any pair of panels.
struct TileBlock {
  const char *a0, *a1;  // the first row of each tile
  size_t second;        // rows from the first tile's to the second's
  size_t row, rows;     // to finish
  bool two;             // tiles
  uint8_t skip;         // rows of the first tile that another block finishes
};

// Blocks whose sums are complete but not yet rows of C, in the order of their computation.
template <Act act, typename Sum>
struct FinishQueue {
  struct Place {
    size_t column = 0, pair = 0, slot = 0;
  };
  Unfinished<act, Sum> now;  // the one at work
  Place next;                // the first that waits
  size_t waiting = 0;

  SIMDCLIP_INLINE void complete(const Place& place) noexcept {
    if (waiting++ == 0) next = place;
  }
  // The place after, in order. Slots: one more than there are blocks, so that a block is finished before the
  // next columns' sums take its memory; with one slice, which needs them only until the next block, two.
  static SIMDCLIP_INLINE Place after(Place p, size_t pairs, size_t slots) noexcept {
    if (++p.pair == pairs) {
      p.pair = 0;
      p.column += 2 * kPanelColumns;
    }
    if (++p.slot == slots) p.slot = 0;
    return p;
  }
  SIMDCLIP_INLINE void begin_next(const Output& out, const Sum* sums, const TileBlock* blocks, size_t pairs,
                                  size_t slots) noexcept {
    if (now.rows != 0 || waiting == 0) return;
    const TileBlock& t = blocks[next.pair];
    now.begin(out, sums + next.slot * kBlockSums + t.skip * kTileStride, t.row, t.rows, next.column);
    next = after(next, pairs, slots);
    --waiting;
  }
};

}  // namespace
}  // namespace simdclip::kernels
