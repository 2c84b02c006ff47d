// Prints one hash of the bits that each float kernel gives for fixed inputs. The same program built for
// another machine must print the same table (run_aarch64.cmake compares them): bits [ISA]
#include <array>
#include <cstdio>

#include "base/cpu.h"
#include "kernels/gemm/pack.h"
#include "kernels/kernel_test.h"

namespace simdclip::test {
namespace {

// FNV-1a. NaN counts as one value: its sign and payload are not part of the promise.
class Hash {
 public:
  void add(std::span<const float> values) {
    for (const float value : values) {
      uint32_t bits = 0x7FC00000;
      if (!std::isnan(value)) std::memcpy(&bits, &value, sizeof bits);
      for (int shift = 0; shift < 32; shift += 8)
        state_ = (state_ ^ (bits >> shift & 0xFFU)) * 0x100000001B3ULL;
    }
  }
  void add_bytes(std::span<const int8_t> bytes) {
    for (const int8_t byte : bytes) state_ = (state_ ^ static_cast<uint8_t>(byte)) * 0x100000001B3ULL;
  }
  void print(const char* what) const {
    std::printf("%-28s %016llx\n", what, static_cast<unsigned long long>(state_));
  }

 private:
  uint64_t state_ = 0xCBF29CE484222325ULL;
};

std::vector<float> numbers(uint64_t seed, size_t count, float range = 1) {
  std::vector<float> out(count);
  Random(seed).fill(out, -range, range);
  return out;
}

void gemm_bits(kernels::GemmFn* fn, bool bf16, kernels::Act act, const char* what) {
  Hash hash;
  for (const auto& [m, n, k] : {std::array<size_t, 3>{1, 1, 1}, {7, 33, 65}, {50, 64, 768}, {19, 100, 333}}) {
    const std::vector<float> a = numbers(m + 1, m * k), b = numbers(n + 2, n * k), bias = numbers(k, n);
    std::vector<float> c = numbers(3, m * n);
    std::vector<float> packed(kernels::packed_bytes(n, k, 4) / 4);
    if (bf16) {
      std::vector<uint16_t> narrow(b.size());
      for (size_t i = 0; i < b.size(); ++i) narrow[i] = kernels::to_bf16(b[i]);
      kernels::pack_b_bf16(narrow.data(), n, k, reinterpret_cast<uint16_t*>(packed.data()));
    } else {
      kernels::pack_b_f32(b.data(), n, k, packed.data());
    }
    kernels::GemmArgs args;
    args.m = m;
    args.n = n;
    args.k = k;
    args.a = a.data();
    args.lda = k;
    args.b = packed.data();
    args.c = c.data();
    args.ldc = n;
    args.bias = bias.data();
    args.residual = c.data();
    args.ldr = n;
    args.act = act;
    fn(args);
    hash.add(c);
  }
  hash.print(what);
}

// One head's attention over rows of q, k and v side by side.
template <typename Element>
std::vector<Element> attend(void (*fn)(const kernels::AttentionOperands<Element>&) noexcept,
                            const std::vector<Element>& qkv, size_t tokens, size_t d, bool causal) {
  std::vector<Element> out(tokens * d);
  std::vector<float> scratch(kernels::attention_scratch_floats(tokens, d) + 16);
  const size_t skew = reinterpret_cast<uintptr_t>(scratch.data()) % 64 / sizeof(float);
  kernels::AttentionOperands<Element> args;
  args.queries = args.keys = tokens;
  args.head_dim = d;
  args.q = qkv.data();
  args.k = qkv.data() + d;
  args.v = qkv.data() + 2 * d;
  args.ldq = args.ldkv = 3 * d;
  args.out = out.data();
  args.ldo = d;
  args.scale = 0.125F;
  args.causal = causal;
  args.scratch = scratch.data() + (16 - skew) % 16;
  fn(args);
  return out;
}

// In f32, and as int8 files have it: bf16 in and out.
void attention_bits(const kernels::Kernels& k, bool causal, const char* what, const char* what_i8) {
  Hash hash, hash_i8;
  for (const size_t tokens : {1U, 7U, 50U, 77U, 197U}) {
    for (const size_t d : {64U, 80U, 33U}) {
      const std::vector<float> qkv = numbers(tokens + d, tokens * 3 * d, 3);
      hash.add(attend(k.attention_f32, qkv, tokens, d, causal));
      std::vector<uint16_t> narrow(qkv.size());
      kernels::to_bf16(qkv.data(), qkv.size(), narrow.data());
      const std::vector<uint16_t> out = attend(k.attention_i8, narrow, tokens, d, causal);
      std::vector<float> values(out.size());
      kernels::from_bf16(out.data(), out.size(), values.data());
      hash_i8.add(values);
    }
  }
  hash.print(what);
  hash_i8.print(what_i8);
}

void layer_norm_bits(kernels::LayerNormFn* fn) {
  Hash hash;
  for (const size_t width : {1U, 17U, 768U, 1000U}) {
    for (const float mean : {0.0F, 100.0F}) {
      std::vector<float> x = numbers(width, 6 * width), gamma = numbers(1, width), beta = numbers(2, width);
      for (float& v : x) v += mean;
      kernels::LayerNormArgs args{6,           width, x.data(), width, gamma.data(),
                                  beta.data(), 1e-5F, x.data(), width};
      fn(args);
      hash.add(x);
    }
  }
  hash.print("layer_norm_f32");
}

void narrow_bits(const kernels::Kernels& k) {
  Hash norm, bytes;
  for (const size_t width : {1U, 17U, 768U, 1000U}) {
    const std::vector<float> x = numbers(width, 6 * width, 5), gamma = numbers(1, width),
                             beta = numbers(2, width);
    std::vector<uint16_t> y(x.size());
    std::vector<float> wide(x.size()), scale(6);
    std::vector<int8_t> q(x.size());
    const kernels::LayerNormInput input{6, width, x.data(), width, gamma.data(), beta.data(), 1e-5F};
    k.layer_norm_bf16({input, y.data(), width});
    kernels::from_bf16(y.data(), y.size(), wide.data());
    norm.add(wide);
    k.layer_norm_s8({input, q.data(), width, scale.data()});
    norm.add(scale);
    norm.add_bytes(q);
    k.quantize_s8({6, width, x.data(), width, q.data(), width, scale.data()});
    bytes.add(scale);
    bytes.add_bytes(q);
    k.quantize_bf16_s8({6, width, y.data(), width, q.data(), width, scale.data()});
    bytes.add(scale);
    bytes.add_bytes(q);
    k.quantize_by_s8({6, width, x.data(), width, 127.0F / 5, q.data(), width});
    bytes.add_bytes(q);
  }
  norm.print("layer_norm_bf16, _s8");
  bytes.print("quantize_s8, quantize_by_s8");
}

void row_bits(const kernels::Kernels& k) {
  Hash softmax, l2;
  for (const size_t width : {1U, 15U, 16U, 50U, 1000U, 5000U}) {
    std::vector<float> x = numbers(width, 3 * width, 40);
    k.softmax_f32(x.data(), 3, width, width);
    softmax.add(x);
    x = numbers(width, 3 * width, 5);
    k.l2_normalize_f32(x.data(), 3, width, width);
    l2.add(x);
  }
  softmax.print("softmax_f32");
  l2.print("l2_normalize_f32");
}

void dot_bits(const kernels::Kernels& k) {
  Hash f32, f16, i8;
  for (const size_t width : {1U, 17U, 512U, 1000U}) {
    const size_t queries = 7, rows = 21;
    const std::vector<float> query = numbers(width, queries * width), row = numbers(width + 1, rows * width),
                             scale = numbers(2, rows);
    std::vector<uint16_t> half(row.size());
    std::vector<int8_t> bytes(row.size());
    std::vector<int16_t> wide(query.size());
    const auto limit = static_cast<float>(kernels::dot_i8_query_limit(width));
    for (size_t i = 0; i < row.size(); ++i) {
      half[i] = static_cast<uint16_t>(static_cast<uint32_t>(i * 40503U) & 0xBBFFU);
      bytes[i] = static_cast<int8_t>(row[i] * 127);
    }
    for (size_t i = 0; i < query.size(); ++i) wide[i] = static_cast<int16_t>(query[i] * limit);
    std::vector<float> scores(queries * rows);
    k.dot_f32({queries, rows, width, query.data(), width, row.data(), width, {scores.data(), rows}});
    f32.add(scores);
    k.dot_f16({queries, rows, width, query.data(), width, half.data(), width, {scores.data(), rows}});
    f16.add(scores);
    k.dot_i8({queries,
              rows,
              width,
              wide.data(),
              width,
              scale.data(),
              bytes.data(),
              width,
              scale.data(),
              {scores.data(), rows}});
    i8.add(scores);
  }
  f32.print("dot_f32");
  f16.print("dot_f16");
  i8.print("dot_i8");
}

void activation_bits(kernels::ActivationFn* fn, kernels::Act act, const char* what) {
  std::vector<float> x;
  for (const float range : {0.1F, 3.0F, 30.0F, 1e30F}) {
    const std::vector<float> some = numbers(9, 20'003, range);
    x.insert(x.end(), some.begin(), some.end());
  }
  x.insert(x.end(), {INFINITY, -INFINITY, std::nanf(""), 0.0F, -0.0F, 1e-42F, -1e-42F});
  fn(act, x.data(), x.size());
  Hash hash;
  hash.add(x);
  hash.print(what);
}

void average_bits(const kernels::Kernels& k) {
  Hash hash;
  for (const size_t channels : {1U, 17U, 64U, 250U}) {
    const std::vector<float> x = numbers(channels, 12 * channels, 5);
    std::vector<uint16_t> narrow(x.size()), out16(3 * channels);
    kernels::to_bf16(x.data(), x.size(), narrow.data());
    std::vector<float> out(3 * channels);
    k.average_pool_f32({3, channels, x.data(), x.data() + 6 * channels, channels, out.data(), channels});
    hash.add(out);
    k.average_pool_bf16(
        {3, channels, narrow.data(), narrow.data() + 6 * channels, channels, out16.data(), channels});
    kernels::from_bf16(out16.data(), out16.size(), out.data());
    hash.add(out);
  }
  hash.print("average_pool_f32, _bf16");
}

void pixel_bits(kernels::PixelsToFloatFn* fn) {
  std::vector<uint8_t> rgb(3 * 1021);
  for (size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<uint8_t>(i * 37 + i / 256);
  const float mean[3] = {0.48145466F, 0.4578275F, 0.40821073F},
              std[3] = {0.26862954F, 0.26130258F, 0.27577711F};
  std::vector<float> out(rgb.size());
  fn(rgb.data(), 1021, mean, std, out.data(), 1021);
  Hash hash;
  hash.add(out);
  hash.print("pixels_to_float");
}

void print_all(const kernels::Kernels& k) {
  using kernels::Act;
  gemm_bits(k.gemm_f32, false, Act::none, "gemm_f32");
  gemm_bits(k.gemm_f32, false, Act::gelu, "gemm_f32 gelu");
  gemm_bits(k.gemm_f32, false, Act::relu, "gemm_f32 relu");
  gemm_bits(k.gemm_bf16w, true, Act::quick_gelu, "gemm_bf16w quick_gelu");
  attention_bits(k, false, "attention_f32", "attention_i8");
  attention_bits(k, true, "attention_f32 causal", "attention_i8 causal");
  layer_norm_bits(k.layer_norm_f32);
  narrow_bits(k);
  row_bits(k);
  dot_bits(k);
  activation_bits(k.activation_f32, Act::gelu, "activation_f32 gelu");
  activation_bits(k.activation_f32, Act::gelu_tanh, "activation_f32 gelu_tanh");
  activation_bits(k.activation_f32, Act::quick_gelu, "activation_f32 quick_gelu");
  activation_bits(k.activation_f32, Act::relu, "activation_f32 relu");
  average_bits(k);
  pixel_bits(k.pixels_to_float);
}

}  // namespace
}  // namespace simdclip::test

int main(int argc, char** argv) try {
  const simdclip::Isa isa = argc > 1 ? simdclip::parse_isa(argv[1]) : simdclip::default_isa();
  simdclip::test::print_all(simdclip::kernels::select_kernels(isa));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
