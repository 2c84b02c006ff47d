// The command line of one command: declared, parsed, and explained where it is wrong. CLI11 stays behind this
// header.
#pragma once

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace simdclip::tools {

// Wrong usage: exit status 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// --help was given; `text` goes to stdout.
struct HelpRequested {
  std::string text;
};

class Arguments {
 public:
  Arguments(const std::string& command, const std::string& summary, const std::string& examples);
  ~Arguments();
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  // The variables receive what parse() finds and must outlive it. names as in CLI11: "-o,--output"; without
  // dashes: a positional.
  void flag(const std::string& names, bool& value, const std::string& help);
  void text(const std::string& names, std::string& value, const std::string& value_name,
            const std::string& help);
  void list(const std::string& names, std::vector<std::string>& values, const std::string& value_name,
            const std::string& help);
  void number(const std::string& names, unsigned& value, unsigned lowest, unsigned highest,
              const std::string& help);
  void number(const std::string& names, double& value, double lowest, double highest,
              const std::string& help);
  void choice(const std::string& names, std::string& value, const std::vector<std::string>& allowed,
              const std::string& help);

  // Throws UsageError, HelpRequested.
  void parse(std::vector<std::string> arguments);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The candidate with the smallest edit distance to `word`, or "" where none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace simdclip::tools
