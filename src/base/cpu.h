// What this CPU and this process can use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace simdclip {

// Instruction sets in order of preference. A kernel states which one it needs; a forced one is an upper
// bound, so that "avx2" runs portable kernels where no AVX2 one exists. NEON is the portable set on ARM64.
enum class Isa : uint8_t { portable, avx2, avx512, avx512_vnni, avx512_bf16, amx };

std::string_view to_string(Isa isa) noexcept;

// Whether this CPU (and, for AVX and AMX, this operating system) runs code of that set and of every set
// before it. Asking for amx asks the kernel for the permission to use tiles, once per process.
bool cpu_has(Isa isa) noexcept;

// Every set that this CPU has, best last.
std::vector<Isa> cpu_isas();

// From a name as in --isa / SIMDCLIP_ISA. Errors: invalid_argument (lists the names), isa_unavailable (lists
// what this CPU has).
Isa parse_isa(std::string_view name);

// The same for a CPU that has `available`; `origin` is what the user wrote ("SIMDCLIP_ISA=amx") and begins
// the message.
Isa parse_isa(std::string_view name, std::string_view origin, const std::vector<Isa>& available);

// The set in force: SIMDCLIP_ISA when set and not empty (same errors as parse_isa), else the best one of this
// CPU. Read once per call.
Isa default_isa();

// Who made the CPU, for choices that the instruction set does not tell: vdpbf16ps is twice fp32 on AMD and
// half of it on Intel.
enum class CpuVendor : uint8_t { other, intel, amd };
struct CpuModel {
  CpuVendor vendor = CpuVendor::other;
  unsigned family = 0, model = 0,
           stepping = 0;  // as cpuid counts them, extended parts added; 0 where there is no cpuid
};
const CpuModel& cpu_model() noexcept;

std::string cpu_name();   // "AMD EPYC 9R14", from cpuid or /proc/cpuinfo
unsigned usable_cores();  // min(affinity mask, cgroup v1/v2 quota rounded up), at least 1
size_t l2_cache_bytes();  // of one core; 1 MiB when unknown

}  // namespace simdclip
