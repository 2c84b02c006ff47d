// The one table of kernels that selection, tests and benchmarks read. A kernel is registered by ONE line in
// registry.def, which declares, selects, tests and benchmarks it.
#pragma once

#include <span>

#include "base/cpu.h"
#include "kernels/activation/activation.h"
#include "kernels/attention/attention.h"
#include "kernels/average_pool/average_pool.h"
#include "kernels/dot/dot.h"
#include "kernels/gemm/gemm.h"
#include "kernels/gemm/gemm_bf16.h"
#include "kernels/gemm/gemm_i8.h"
#include "kernels/l2_normalize/l2_normalize.h"
#include "kernels/layer_norm/layer_norm.h"
#include "kernels/multiply/multiply.h"
#include "kernels/quantize/quantize.h"
#include "kernels/resize/resize.h"
#include "kernels/rotate/rotate.h"
#include "kernels/softmax/softmax.h"

namespace simdclip::kernels {

template <typename Fn>
struct Kernel {
  const char* name;  // op_dtype_tile_isa: "gemm_f32_14x32_avx512"
  Isa isa;           // what it needs
  Fn* fn;
};

// For each OP(gemm_f32, GemmFn) of registry.def:
//   std::span<const Kernel<GemmFn>> gemm_f32_kernels();      every registered kernel, for tests and
//   benchmarks Kernels::gemm_f32                                        the selected one
#define OP(op, Fn) std::span<const Kernel<Fn>> op##_kernels() noexcept;
#define KERNEL(op, isa, function)
#define END_OP(op)
#include "kernels/registry.def"
#undef OP
#undef KERNEL
#undef END_OP

// One kernel of each operation: the best that needs no more than `isa`.
struct Kernels {
  Isa isa = Isa::portable;
  bool fast_bf16 = false;  // gemm_bf16 beats gemm_bf16w: tiles, or vdpbf16ps where it is fast
#define OP(op, Fn) Fn* op = nullptr;
#define KERNEL(op, isa, function)
#define END_OP(op)
#include "kernels/registry.def"
#undef OP
#undef KERNEL
#undef END_OP
};

// Whether vdpbf16ps is worth using: on AMD (Zen 4, Zen 5) it does twice the operations of f32 multiply-adds,
// on Intel's Granite Rapids half of them (107 against 214 to 256 G a thread), so that there, without tiles,
// bf16 is a format to store and f32 the arithmetic.
bool fast_vdpbf16ps(const CpuModel& cpu) noexcept;

// Selection takes the instruction set and the CPU as arguments, so it is tested without the hardware. The
// result lives for ever.
const Kernels& select_kernels(Isa isa, const CpuModel& cpu = cpu_model()) noexcept;

}  // namespace simdclip::kernels
