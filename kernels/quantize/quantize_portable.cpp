#include "kernels/common/vec_portable.h"
// On these vectors:
#include "kernels/quantize/quantize.inl"

namespace simdclip::kernels {

void quantize_s8_portable(const QuantizeArgs& args) noexcept { quantize(args); }
void quantize_bf16_s8_portable(const QuantizeBf16Args& args) noexcept { quantize_bf16<PlainBytes>(args); }
void quantize_by_s8_portable(const QuantizeByArgs& args) noexcept { quantize_by(args); }
void round_bf16_portable(const RoundBf16Args& args) noexcept { round_bf16(args); }

}  // namespace simdclip::kernels
