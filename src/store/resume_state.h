// How far an unfinished run came, and what a shard is: small text files with a checksum.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace simdclip {

struct ResumeState {
  std::string job;  // "name=value" lines
  uint64_t done = 0, rows = 0;
  uint64_t names_bytes = 0;
  bool finished = false;  // nothing is left but to rename the parts
  std::vector<std::string> notes;
};
// Nothing where there is no such file. Error damaged.
std::optional<ResumeState> read_resume_state(const std::string& path);
void write_resume_state(const std::string& path, const ResumeState& state);  // whole or not at all
// What a process that was killed while it wrote the state left beside it. Only for who holds the lock of the
// run.
void remove_unfinished_states(const std::string& path);

struct ShardState {
  std::string job;
  uint64_t shard = 0, shards = 0, rows = 0;
  uint64_t vectors_hash = 0, names_hash = 0;  // XXH3 of the two files
};
ShardState read_shard_state(const std::string& path);
void write_shard_state(const std::string& path, const ShardState& state);

// "the model differs: 12, now 13" for the first pair that differs; "" where none does.
std::string job_difference(const std::string& before, const std::string& now);

}  // namespace simdclip
