// .npy arrays of float32 and int32, as numpy.save writes them in C order.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

namespace simdclip::tests {

template <typename T>
struct Npy {
  std::vector<size_t> shape;
  std::vector<T> values;
};

template <typename T>
Npy<T> read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (bytes.size() < 10 || bytes.compare(0, 6, "\x93NUMPY") != 0)
    throw std::runtime_error(path + ": no .npy file");
  uint16_t header_size = 0;
  std::memcpy(&header_size, bytes.data() + 8, sizeof header_size);
  const std::string header = bytes.substr(10, header_size);
  const char* type = sizeof(T) == 4 && T(0.5) == T(0) ? "'<i4'" : "'<f4'";
  if (header.find(type) == std::string::npos || header.find("'fortran_order': False") == std::string::npos)
    throw std::runtime_error(path + ": expected " + type + " in C order, found " + header);
  Npy<T> out;
  size_t count = 1;
  const size_t open = header.find('('), close = header.find(')');
  static const std::regex number("[0-9]+");
  const std::string shape = header.substr(open, close - open);
  for (auto it = std::sregex_iterator(shape.begin(), shape.end(), number); it != std::sregex_iterator();
       ++it) {
    out.shape.push_back(std::stoul(it->str()));
    count *= out.shape.back();
  }
  if (bytes.size() != size_t{10} + header_size + count * sizeof(T))
    throw std::runtime_error(path + ": wrong size");
  out.values.resize(count);
  std::memcpy(out.values.data(), bytes.data() + 10 + header_size, count * sizeof(T));
  return out;
}

}  // namespace simdclip::tests
