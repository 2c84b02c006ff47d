#include "kernels/registry.h"

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
Fn* best(std::span<const Kernel<Fn>> kernels, Isa isa) noexcept {
  Fn* chosen = nullptr;
  for (const Kernel<Fn>& kernel : kernels) {
    if (kernel.isa <= isa) chosen = kernel.fn;
  }
  return chosen;
}

Kernels selected(Isa isa) noexcept {
  Kernels k;
  k.isa = isa;
#define OP(op, Fn) k.op = best(op##_kernels(), isa);
#define KERNEL(op, isa, function)
#define END_OP(op)
#include "kernels/registry.def"
#undef OP
#undef KERNEL
#undef END_OP
  return k;
}

}  // namespace

const Kernels& select_kernels(Isa isa) noexcept {
  static const Kernels table[] = {selected(Isa::portable),    selected(Isa::avx2),
                                  selected(Isa::avx512),      selected(Isa::avx512_vnni),
                                  selected(Isa::avx512_bf16), selected(Isa::amx)};
  return table[static_cast<size_t>(isa)];
}

}  // namespace simdclip::kernels
