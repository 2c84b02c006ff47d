#include "base/cgroup.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/temporary_folder.h"

namespace simdclip {
namespace {

using tests::TemporaryFolder;

// A /proc and /sys of its own.
class Machine {
 public:
  void mountinfo(const std::string& text) { put("proc/self/mountinfo", text); }
  void cgroup(const std::string& text) { put("proc/self/cgroup", text); }
  void put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((folder_.path() / path).parent_path());
    tests::write_text(folder_.file(path), text);
  }
  std::optional<double> quota() const { return cgroup_cpu_quota(folder_.path().string()); }

 private:
  TemporaryFolder folder_;
};

const char* const kV2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";
const char* const kV1 =
    "31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "32 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 master:1 - cgroup cgroup rw,cpu,cpuacct\n"
    "33 23 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n";

TEST(Cgroup, NothingWithoutProc) { EXPECT_EQ(Machine().quota(), std::nullopt); }

TEST(Cgroup, V2Quota) {
  Machine m;
  m.mountinfo(kV2);
  m.cgroup("0::/user.slice/job\n");
  EXPECT_EQ(m.quota(), std::nullopt);
  m.put("sys/fs/cgroup/user.slice/job/cpu.max", "max 100000\n");
  EXPECT_EQ(m.quota(), std::nullopt);
  m.put("sys/fs/cgroup/user.slice/job/cpu.max", "150000 100000\n");
  EXPECT_EQ(m.quota(), 1.5);
}

TEST(Cgroup, V2AncestorsLimitToo) {
  Machine m;
  m.mountinfo(kV2);
  m.cgroup("0::/a/b/c\n");
  m.put("sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n");
  m.put("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  m.put("sys/fs/cgroup/a/cpu.max", "200000 100000\n");
  EXPECT_EQ(m.quota(), 2.0);
  m.put("sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(m.quota(), 0.5);
}

TEST(Cgroup, V1Quota) {
  Machine m;
  m.mountinfo(kV1);
  m.cgroup("5:memory:/elsewhere\n4:cpuset:/other\n3:cpu,cpuacct:/job\n");
  m.put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
  m.put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(m.quota(), std::nullopt);
  m.put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "300000\n");
  EXPECT_EQ(m.quota(), 3.0);
}

TEST(Cgroup, V1AncestorsLimitToo) {
  Machine m;
  m.mountinfo(kV1);
  m.cgroup("3:cpu,cpuacct:/a/b\n");
  m.put("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n");
  m.put("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(m.quota(), 2.5);
}

// In a container the hierarchy is mounted from its own folder on, while /proc/self/cgroup may name the whole
// path.
TEST(Cgroup, ContainerSeesItsOwnRoot) {
  Machine m;
  m.mountinfo("30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n");
  m.cgroup("0::/docker/abc/job\n");
  m.put("sys/fs/cgroup/job/cpu.max", "100000 100000\n");
  EXPECT_EQ(m.quota(), 1.0);
  m.cgroup("0::/elsewhere\n");
  m.put("sys/fs/cgroup/cpu.max", "700000 100000\n");
  EXPECT_EQ(m.quota(), 7.0);
}

TEST(Cgroup, HybridTakesTheSmaller) {
  Machine m;
  m.mountinfo(std::string(kV1) + "34 23 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  m.cgroup("3:cpu,cpuacct:/j\n0::/j\n");
  m.put("sys/fs/cgroup/cpu,cpuacct/j/cpu.cfs_quota_us", "300000\n");
  m.put("sys/fs/cgroup/cpu,cpuacct/j/cpu.cfs_period_us", "100000\n");
  m.put("sys/fs/cgroup/unified/j/cpu.max", "200000 100000\n");
  EXPECT_EQ(m.quota(), 2.0);
}

TEST(Cgroup, NonsenseIsNoLimit) {
  Machine m;
  m.mountinfo(std::string(kV2) + "short line\n\n- -\n");
  m.cgroup("0::/j\nnonsense\n:\n");
  for (const char* text : {"", "\n", "max", "0 100000", "100000 0", "-5 100000", "x y", "100000"}) {
    m.put("sys/fs/cgroup/j/cpu.max", text);
    EXPECT_EQ(m.quota(), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace simdclip
