// How much CPU time the control groups of this process allow.
#pragma once

#include <optional>
#include <string>

namespace simdclip {

// The smallest quota / period of the process's cgroup and its ancestors, v1 and v2; nothing where none is
// set. `root` is put before every path that is read (tests lay out a tree of their own).
std::optional<double> cgroup_cpu_quota(const std::string& root = "");

}  // namespace simdclip
