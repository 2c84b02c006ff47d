#include "base/cpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "support/errors.h"

namespace simdclip {
namespace {

using ::testing::HasSubstr;
using tests::expect_error;

constexpr Isa kAll[] = {Isa::portable, Isa::avx2, Isa::avx512, Isa::avx512_vnni, Isa::avx512_bf16, Isa::amx};

// SIMDCLIP_ISA for as long as it lives.
class Environment {
 public:
  explicit Environment(const char* value) {
    const char* before = ::getenv("SIMDCLIP_ISA");
    if (before != nullptr) saved_ = before;
    had_ = before != nullptr;
    value != nullptr ? ::setenv("SIMDCLIP_ISA", value, 1) : ::unsetenv("SIMDCLIP_ISA");
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() { had_ ? ::setenv("SIMDCLIP_ISA", saved_.c_str(), 1) : ::unsetenv("SIMDCLIP_ISA"); }

 private:
  std::string saved_;
  bool had_ = false;
};

std::set<std::string> cpuinfo_flags() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    return {std::istream_iterator<std::string>(words), {}};
  }
  return {};
}

TEST(Cpu, NamesReadBack) {
  std::set<std::string_view> names;
  for (const Isa isa : kAll) {
    names.insert(to_string(isa));
    if (cpu_has(isa)) {
      EXPECT_EQ(parse_isa(to_string(isa)), isa);
    }
  }
  EXPECT_EQ(names.size(), std::size(kAll));
}

TEST(Cpu, ASetIncludesTheOnesBeforeIt) {
  EXPECT_TRUE(cpu_has(Isa::portable));
  const auto isas = cpu_isas();
  ASSERT_FALSE(isas.empty());
  for (size_t i = 0; i < isas.size(); ++i) EXPECT_EQ(isas[i], kAll[i]);
}

TEST(Cpu, AgreesWithTheKernel) {
  const auto flags = cpuinfo_flags();
  if (flags.empty()) GTEST_SKIP() << "/proc/cpuinfo has no flags here";
  const auto all = [&flags](std::initializer_list<const char*> names) {
    return std::all_of(names.begin(), names.end(),
                       [&flags](const char* name) { return flags.contains(name); });
  };
  EXPECT_EQ(cpu_has(Isa::avx2), all({"avx2", "fma", "f16c"}));
  EXPECT_EQ(cpu_has(Isa::avx512),
            all({"avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"}));
  EXPECT_EQ(cpu_has(Isa::avx512_vnni), cpu_has(Isa::avx512) && all({"avx512_vnni"}));
  EXPECT_EQ(cpu_has(Isa::avx512_bf16), cpu_has(Isa::avx512_vnni) && all({"avx512_bf16"}));
  EXPECT_EQ(cpu_has(Isa::amx), cpu_has(Isa::avx512_bf16) && all({"amx_tile", "amx_bf16", "amx_int8"}));
}

#if defined(__x86_64__)
// A tile load dies with SIGILL (an ordinary signal to the parent) unless the permission was asked for.
TEST(Cpu, TilesWorkOncePermitted) {
  if (!cpu_has(Isa::amx)) GTEST_SKIP() << "this CPU has no AMX";
  alignas(64) unsigned char config[64] = {};
  config[0] = 1;    // palette
  config[16] = 64;  // bytes a row of tile 0
  config[48] = 16;  // rows
  __asm__ volatile("ldtilecfg %0" : : "m"(config));
  __asm__ volatile("tilezero %%tmm0" : :);
  __asm__ volatile("tilerelease" : :);
}
#endif

TEST(Cpu, RefusesUnknownNames) {
  for (const char* name :
       {"", "AVX2", "avx3", "avx", "sse2", "neon", "avx2 ", " avx2", "avx512_vnni,amx", "portable\n"}) {
    expect_error(ErrorCode::invalid_argument, [&] { parse_isa(name); },
                 {"--isa", "portable, avx2, avx512, avx512_vnni, avx512_bf16, amx"});
  }
}

// A CPU of any kind: the choice takes what the CPU has as an argument.
TEST(Cpu, RefusesWhatACpuLacks) {
  std::vector<Isa> has;
  for (const Isa best : kAll) {
    has.push_back(best);
    for (const Isa isa : kAll) {
      const auto parse = [&] { return parse_isa(to_string(isa), "SIMDCLIP_ISA=x", has); };
      if (isa <= best) {
        EXPECT_EQ(parse(), isa);
      } else {
        const std::string message = expect_error(ErrorCode::isa_unavailable, parse,
                                                 {"SIMDCLIP_ISA=x", "does not have it", "portable"});
        EXPECT_THAT(message, HasSubstr(cpu_name()));
        EXPECT_THAT(message, HasSubstr(std::string(to_string(best))));
      }
    }
  }
}

TEST(Cpu, DefaultIsTheBest) {
  const Environment unset(nullptr);
  EXPECT_EQ(default_isa(), cpu_isas().back());
  const Environment empty("");
  EXPECT_EQ(default_isa(), cpu_isas().back());
}

TEST(Cpu, EnvironmentForces) {
  for (const Isa isa : cpu_isas()) {
    const Environment forced(std::string(to_string(isa)).c_str());
    EXPECT_EQ(default_isa(), isa);
  }
  const Environment wrong("avx1024");
  expect_error(ErrorCode::invalid_argument, [] { default_isa(); },
               {"SIMDCLIP_ISA=avx1024", "expected one of"});
}

TEST(Cpu, ModelAndName) {
  EXPECT_FALSE(cpu_name().empty());
  EXPECT_EQ(cpu_name().find('\n'), std::string::npos);
#if defined(__x86_64__)
  std::ifstream file("/proc/cpuinfo");
  std::string all((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const CpuModel& m = cpu_model();
  EXPECT_THAT(all, HasSubstr("cpu family\t: " + std::to_string(m.family) + "\n"));
  EXPECT_THAT(all, HasSubstr("model\t\t: " + std::to_string(m.model) + "\n"));
  EXPECT_EQ(m.vendor == CpuVendor::intel, all.find("GenuineIntel") != std::string::npos);
  EXPECT_EQ(m.vendor == CpuVendor::amd, all.find("AuthenticAMD") != std::string::npos);
#endif
}

TEST(Cpu, CoresFollowTheAffinityMask) {
  const unsigned cores = usable_cores();
  EXPECT_GE(cores, 1U);
  cpu_set_t before, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  EXPECT_LE(cores, static_cast<unsigned>(CPU_COUNT(&before)));
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &before)) {
      CPU_SET(cpu, &one);
      break;
    }
  }
  ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
  EXPECT_EQ(usable_cores(), 1U);
  ASSERT_EQ(::sched_setaffinity(0, sizeof(before), &before), 0);
}

TEST(Cpu, CacheIsPlausible) {
  EXPECT_GE(l2_cache_bytes(), size_t{64} << 10U);
  EXPECT_LE(l2_cache_bytes(), size_t{1} << 30U);
}

}  // namespace
}  // namespace simdclip
