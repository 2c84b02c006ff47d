// y = relu(3 x 3 convolution of x, one place of zeros around it), as a matrix product. A 1 x 1 convolution is
// a Linear over the pixels.
#pragma once

#include <span>
#include <string>

#include "format/model_file.h"
#include "layers/engine.h"
#include "layers/linear.h"
#include "layers/span2.h"
#include "layers/workspace.h"

namespace simdclip {

struct Sides {
  size_t height = 0, width = 0;
  constexpr size_t area() const noexcept { return height * width; }
};

// Maps of several pictures, one after another: a row of channels for each pixel.
template <typename Element>
struct Maps {
  Span2<Element> pixels;  // [pictures * area, C]
  Sides sides;
  size_t pictures() const noexcept { return pixels.rows / sides.area(); }
  operator Maps<const Element>() const noexcept {
    return {pixels, sides};
  }  // NOLINT: a view of the same data
};

class Convolution {
 public:
  Convolution() = default;
  // "<name>.weight" [N, 9 * C], its columns the 9 places row by row, each with all channels; "<name>.bias"
  // [N].
  Convolution(const ModelFile& file, const std::string& name) : product_(file, name, true) {}

  // y: [pixels of x, N]. Element: float, or (product().multiplies_bf16()) the bits of bf16.
  template <typename Element>
  void forward(const Maps<const Element>& x, Span2<Element> y, Workspace& ws, const Engine& engine) const;

  // The same of pixels [n, 3, H, W] at every second place: y: [n * ceil(H / 2) * ceil(W / 2), N].
  template <typename Element>
  void forward_halving(std::span<const float> pixels, Sides sides, Span2<Element> y, Workspace& ws,
                       const Engine& engine) const;

  const Linear& product() const noexcept { return product_; }

 private:
  template <typename Source, typename Element, typename Gather>
  void multiply(const Gather& gather, Span2<Element> y, Workspace& ws, const Engine& engine) const;

  Linear product_;
};

// Workspace floats of either for maps of so many pixels; inputs: 9 * C.
size_t convolution_workspace_floats(size_t inputs, size_t pixels, Precision precision,
                                    size_t threads) noexcept;

}  // namespace simdclip
