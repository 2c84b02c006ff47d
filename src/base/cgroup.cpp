#include "base/cgroup.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

namespace simdclip {
namespace {

// Where the hierarchy with the cpu controller is mounted, and which of its folders this process is in.
struct Hierarchy {
  bool v2 = false;
  std::string mount;  // "/sys/fs/cgroup/cpu"
  std::string
      mount_root;    // the folder of the hierarchy that is seen there: "/" or, in a container, "/docker/abc"
  std::string path;  // "/docker/abc/job"
};

bool list_has(const std::string& list, std::string_view word) {
  std::istringstream items(list);
  for (std::string item; std::getline(items, item, ',');) {
    if (item == word) return true;
  }
  return false;
}

// mountinfo: "36 35 98:0 /root /mount options - type source super_options"
std::vector<Hierarchy> mounts(const std::string& root) {
  std::vector<Hierarchy> found;
  std::ifstream file(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string skip, type, source, options;
    Hierarchy h;
    fields >> skip >> skip >> skip >> h.mount_root >> h.mount;
    while (fields >> skip && skip != "-") {
    }
    fields >> type >> source >> options;
    h.v2 = type == "cgroup2";
    if (h.v2 || (type == "cgroup" && list_has(options, "cpu"))) found.push_back(h);
  }
  return found;
}

// /proc/self/cgroup: "4:cpu,cpuacct:/path", v2 as "0::/path".
std::string own_path(const std::string& root, bool v2) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (v2 ? controllers.empty() : list_has(controllers, "cpu")) return line.substr(second + 1);
  }
  return "/";
}

std::optional<double> ratio(double quota, double period) {
  if (quota <= 0 || period <= 0) return std::nullopt;  // v1 writes -1 for "no limit"
  return quota / period;
}

std::optional<double> quota_of(const std::string& folder, bool v2) {
  double quota = 0, period = 0;
  if (v2) {
    std::ifstream max(folder + "/cpu.max");  // "max 100000" or "150000 100000"
    if (!(max >> quota >> period)) return std::nullopt;
    return ratio(quota, period);
  }
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us");
  std::ifstream period_file(folder + "/cpu.cfs_period_us");
  if (!(quota_file >> quota) || !(period_file >> period)) return std::nullopt;
  return ratio(quota, period);
}

}  // namespace

std::optional<double> cgroup_cpu_quota(const std::string& root) {
  std::optional<double> smallest;
  const auto consider = [&smallest](std::optional<double> quota) {
    if (quota && (!smallest || *quota < *smallest)) smallest = quota;
  };
  for (Hierarchy& h : mounts(root)) {
    h.path = own_path(root, h.v2);
    // In a container the path may begin above what is mounted; then the mount itself is the process's group.
    if (h.mount_root != "/") {
      const bool below = h.path.starts_with(h.mount_root);
      h.path = below ? h.path.substr(h.mount_root.size()) : "/";
    }
    std::string relative = h.path == "/" ? "" : h.path;
    while (true) {  // every ancestor's limit holds too
      consider(quota_of(root + h.mount + relative, h.v2));
      const size_t slash = relative.rfind('/');
      if (slash == std::string::npos) break;
      relative.resize(slash);
    }
  }
  return smallest;
}

}  // namespace simdclip
