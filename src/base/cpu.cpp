#include "base/cpu.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "base/fail.h"

namespace simdclip {
namespace {

constexpr std::array kIsas = {Isa::portable,    Isa::avx2,        Isa::avx512,
                              Isa::avx512_vnni, Isa::avx512_bf16, Isa::amx};

template <typename Range>
std::string names(const Range& isas) {
  std::string list;
  for (const Isa isa : isas) {
    if (!list.empty()) list += ", ";
    list += to_string(isa);
  }
  return list;
}

#if defined(__x86_64__)

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf = 0) noexcept {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

constexpr bool bit(uint64_t word, unsigned index) noexcept { return (word >> index & 1U) != 0; }

// Which register states the operating system saves. By hand, since the intrinsic needs -mxsave.
uint64_t saved_states() noexcept {
  if (!bit(cpuid(1).ecx, 27)) return 0;  // OSXSAVE
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32U | low;
}

// Linux hands out tile state on request only (Documentation/arch/x86/xstate.rst); without it the first tile
// load is a SIGILL.
bool tiles_permitted() noexcept {
  constexpr int kArchReqXcompPerm = 0x1023;
  constexpr unsigned long kTileData = 18;
  return ::syscall(SYS_arch_prctl, kArchReqXcompPerm, kTileData) == 0;
}

std::array<bool, kIsas.size()> detect() noexcept {
  const uint64_t states = saved_states();
  const Registers one = cpuid(1), seven = cpuid(7), seven1 = seven.eax >= 1 ? cpuid(7, 1) : Registers{};
  const auto states_saved = [states](uint64_t mask) { return (states & mask) == mask; };

  std::array<bool, kIsas.size()> has{};
  has[0] = true;
  // AVX, FMA, F16C; AVX2; XMM and YMM state
  has[1] = bit(one.ecx, 28) && bit(one.ecx, 12) && bit(one.ecx, 29) && bit(seven.ebx, 5) && states_saved(0x6);
  // F, DQ, BW, VL; opmask and both halves of ZMM state
  has[2] = has[1] && bit(seven.ebx, 16) && bit(seven.ebx, 17) && bit(seven.ebx, 30) && bit(seven.ebx, 31) &&
           states_saved(0xe6);
  has[3] = has[2] && bit(seven.ecx, 11);  // VNNI
  has[4] = has[3] && bit(seven1.eax, 5);  // BF16
  // AMX-TILE, AMX-BF16, AMX-INT8; tile configuration and data
  has[5] = has[4] && bit(seven.edx, 24) && bit(seven.edx, 22) && bit(seven.edx, 25) &&
           states_saved(0x60000) && tiles_permitted();
  return has;
}

CpuModel detect_model() noexcept {
  const Registers zero = cpuid(0), one = cpuid(1);
  char vendor[12];
  std::memcpy(vendor, &zero.ebx, 4);
  std::memcpy(vendor + 4, &zero.edx, 4);
  std::memcpy(vendor + 8, &zero.ecx, 4);
  CpuModel m;
  if (std::memcmp(vendor, "GenuineIntel", 12) == 0) m.vendor = CpuVendor::intel;
  if (std::memcmp(vendor, "AuthenticAMD", 12) == 0) m.vendor = CpuVendor::amd;
  const unsigned family = one.eax >> 8 & 0xf;
  m.family = family == 0xf ? family + (one.eax >> 20 & 0xff) : family;
  m.model = one.eax >> 4 & 0xf;
  if (family == 6 || family == 0xf) m.model |= (one.eax >> 16 & 0xf) << 4;
  m.stepping = one.eax & 0xf;
  return m;
}

#else

std::array<bool, kIsas.size()> detect() noexcept { return {true}; }
CpuModel detect_model() noexcept { return {}; }

#endif

}  // namespace

std::string_view to_string(Isa isa) noexcept {
  switch (isa) {
    case Isa::portable: return "portable";
    case Isa::avx2: return "avx2";
    case Isa::avx512: return "avx512";
    case Isa::avx512_vnni: return "avx512_vnni";
    case Isa::avx512_bf16: return "avx512_bf16";
    case Isa::amx: return "amx";
  }
  return "unknown";
}

bool cpu_has(Isa isa) noexcept {
  static const std::array<bool, kIsas.size()> has = detect();
  return has[static_cast<size_t>(isa)];
}

std::vector<Isa> cpu_isas() {
  std::vector<Isa> found;
  for (const Isa isa : kIsas) {
    if (cpu_has(isa)) found.push_back(isa);
  }
  return found;
}

Isa parse_isa(std::string_view name, std::string_view origin, const std::vector<Isa>& available) {
  for (const Isa isa : kIsas) {
    if (name != to_string(isa)) continue;
    if (std::find(available.begin(), available.end(), isa) != available.end()) return isa;
    fail(ErrorCode::isa_unavailable, origin, ": this CPU (", cpu_name(),
         ") does not have it; it has: ", names(available));
  }
  fail(ErrorCode::invalid_argument, origin, ": unknown instruction set; expected one of: ", names(kIsas));
}

Isa parse_isa(std::string_view name) { return parse_isa(name, "--isa " + std::string(name), cpu_isas()); }

Isa default_isa() {
  const char* forced = std::getenv("SIMDCLIP_ISA");
  if (forced != nullptr && *forced != '\0')
    return parse_isa(forced, "SIMDCLIP_ISA=" + std::string(forced), cpu_isas());
  return cpu_isas().back();
}

const CpuModel& cpu_model() noexcept {
  static const CpuModel model = detect_model();
  return model;
}

}  // namespace simdclip
