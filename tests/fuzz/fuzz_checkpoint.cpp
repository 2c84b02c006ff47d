// Any bytes as a checkpoint (safetensors, torch zip, pickle): an Error, or tensors that can be read. Bytes
// that begin with a protocol number run as a bare pickle too, so that the fuzzer need not get a zip archive's
// sizes right.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "convert/pickle.h"
#include "convert/tensor_source.h"
#include "simdclip/error.h"

namespace {

class NoHost final : public simdclip::PickleHost {
 public:
  simdclip::PickleRef call(simdclip::PickleValues& values, std::string_view,
                           simdclip::PickleRef args) override {
    return values.kind(args) == simdclip::PickleKind::tuple ? args : values.add_object();
  }
  simdclip::PickleRef persistent(simdclip::PickleValues& values, simdclip::PickleRef) override {
    return values.add_object();
  }
};

void read_all(const simdclip::TensorSource& source) {
  std::vector<float> out;
  for (size_t i = 0; i < source.tensors().size(); ++i) {
    out.resize(source.tensors()[i].elements());
    source.read(i, out);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace simdclip;
  if (size > 1 && data[0] == 0x80) {
    try {
      PickleValues values("fuzz");
      NoHost host;
      run_pickle(std::as_bytes(std::span(data, size)), values, host);
    } catch (const Error&) {
    }
  }
  const int file = ::memfd_create("fuzz", 0);
  if (file < 0 || ::write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  try {
    read_all(*open_checkpoint("/proc/self/fd/" + std::to_string(file)));
  } catch (const Error&) {
  }
  ::close(file);
  return 0;
}
