#include "kernels/registry.h"

#include <array>

namespace simdclip::kernels {

// Declarations: every registered function has the type of its operation.
#define OP(op, Fn) using op##_fn = Fn;
#define KERNEL(op, isa, function) op##_fn function;
#define END_OP(op)
#include "kernels/registry.def"
#undef OP
#undef KERNEL
#undef END_OP

// The tables.
#define OP(op, Fn)                                      \
  std::span<const Kernel<Fn>> op##_kernels() noexcept { \
    static constexpr Kernel<Fn> table[] = {
#define KERNEL(op, isa, function) {#function, Isa::isa, &function},
#define END_OP(op) \
  }                \
  ;                \
  return table;    \
  }
#include "kernels/registry.def"
#undef OP
#undef KERNEL
#undef END_OP

namespace {

// The last kernel that needs no more than `isa`; every operation has a portable one, so there always is one.
template <typename Fn>
Fn* best(std::span<const Kernel<Fn>> kernels, Isa isa, bool fast_bf16) noexcept {
  Fn* chosen = nullptr;
  for (const Kernel<Fn>& kernel : kernels) {
    if (kernel.isa == Isa::avx512_bf16 && !fast_bf16) continue;
    if (kernel.isa <= isa) chosen = kernel.fn;
  }
  return chosen;
}

Kernels selected(Isa isa, bool fast_bf16) noexcept {
  Kernels k;
  k.isa = isa;
  k.fast_bf16 = isa == Isa::amx || (isa == Isa::avx512_bf16 && fast_bf16);
#define OP(op, Fn) k.op = best(op##_kernels(), isa, fast_bf16);
#define KERNEL(op, isa, function)
#define END_OP(op)
#include "kernels/registry.def"
#undef OP
#undef KERNEL
#undef END_OP
  return k;
}

using Table = std::array<Kernels, 6>;
Table table_of(bool fast_bf16) noexcept {
  Table table;
  for (size_t i = 0; i < table.size(); ++i) table[i] = selected(static_cast<Isa>(i), fast_bf16);
  return table;
}

}  // namespace

bool fast_vdpbf16ps(const CpuModel& cpu) noexcept { return cpu.vendor == CpuVendor::amd; }

const Kernels& select_kernels(Isa isa, const CpuModel& cpu) noexcept {
  static const Table with = table_of(true), without = table_of(false);
  return (fast_vdpbf16ps(cpu) ? with : without)[static_cast<size_t>(isa)];
}

}  // namespace simdclip::kernels
