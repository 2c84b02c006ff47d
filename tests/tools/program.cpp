#include "tools/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "support/paths.h"

extern char** environ;

namespace simdclip::tests {
namespace {

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& s : strings) out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_of(const RunOptions& options) {
  std::vector<std::string> out;
  for (char** e = environ; *e != nullptr; ++e) {
    if (!std::string(*e).starts_with("SIMDCLIP_")) out.emplace_back(*e);
  }
  for (const auto& [name, value] : options.environment) out.push_back(name + "=" + value);
  return out;
}

}  // namespace

Ran run(const std::vector<std::string>& arguments, const RunOptions& options) {
  const TemporaryFolder folder;
  const std::string in = folder.file("in"), err = folder.file("err");
  const std::string out = options.stdout_file.empty() ? folder.file("out") : options.stdout_file;
  write_file(in, options.input);
  std::vector<std::string> words = options.before;
  words.emplace_back(kProgram);
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = environment_of(options);
  const std::vector<char*> argv = pointers(words), envp = pointers(environment);

  const pid_t child = ::fork();
  if (child == 0) {
    const int fds[] = {::open(in.c_str(), O_RDONLY), ::open(out.c_str(), O_WRONLY | O_CREAT, 0600),
                       ::open(err.c_str(), O_WRONLY | O_CREAT, 0600)};
    for (int i = 0; i < 3; ++i) ::dup2(fds[i], i);
    if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) ::_exit(126);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  Ran result;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (options.stdout_file.empty()) result.out = read_file(out);
  result.err = read_file(err);
  return result;
}

const std::string& model_file() {
  static const TemporaryFolder folder;
  static const std::string path = [] {
    const FixtureSource source("open_clip_folder");
    const std::string file = folder.file("model.sclip");
    const Ran converted = run({"convert", source.source(), "-o", file});
    if (converted.status != 0) throw std::runtime_error("cannot convert the fixture: " + converted.err);
    return file;
  }();
  return path;
}

std::string picture() { return std::string(kFixtures) + "/picture.png"; }

std::vector<std::string> entries(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path);
}

nlohmann::json parsed(const std::string& text) {
  nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  if (document.is_discarded()) ADD_FAILURE() << "no JSON document: " << text.substr(0, 400);
  return document;
}

}  // namespace simdclip::tests
