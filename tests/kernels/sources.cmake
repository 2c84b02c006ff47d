# The kernel tests that need nothing but the kernels and base: they are also built for ARM64 (aarch64/).
set(SIMDCLIP_KERNEL_TESTS
  activation_test.cpp
  attention_test.cpp
  average_pool_test.cpp
  dot_test.cpp
  elementwise_test.cpp
  gemm_bf16_test.cpp
  gemm_i8_test.cpp
  gemm_test.cpp
  gemm_pack_test.cpp
  l2_normalize_test.cpp
  layer_norm_test.cpp
  quantize_test.cpp
  registry_test.cpp
  resize_test.cpp
  ../../src/image/coefficients.cpp  # the weights of resize are made outside the kernels
  softmax_test.cpp)
