// The smooth L1 loss of an error, element by element, and its slope: what port.py builds and calls.

#include <ATen/Dispatch.h>
#include <ATen/TensorIterator.h>
#include <ATen/native/cpu/Loops.h>
#include <torch/library.h>

#include <cmath>

namespace {

at::Tensor loss_of(const at::Tensor& error, double beta) {
  at::Tensor loss;
  auto elements = at::TensorIterator::unary_op(loss, error);
  AT_DISPATCH_FLOATING_TYPES(error.scalar_type(), "smooth_l1", [&] {
    const auto edge = static_cast<scalar_t>(beta);
    at::native::cpu_kernel(elements, [edge](scalar_t e) -> scalar_t {
      const scalar_t size = std::abs(e);
      return size < edge ? scalar_t(0.5) * size * size / edge : size - scalar_t(0.5) * edge;
    });
  });
  return elements.output();
}

at::Tensor slope_of(const at::Tensor& upstream, const at::Tensor& error, double beta) {
  at::Tensor slope;
  auto elements = at::TensorIterator::binary_op(slope, upstream, error);
  AT_DISPATCH_FLOATING_TYPES(error.scalar_type(), "smooth_l1_slope", [&] {
    const auto edge = static_cast<scalar_t>(beta);
    at::native::cpu_kernel(elements, [edge](scalar_t along, scalar_t e) -> scalar_t {
      return e <= -edge ? -along : e >= edge ? along : along * e / edge;
    });
  });
  return elements.output();
}

}  // namespace

TORCH_LIBRARY(parity_example, library) {
  library.def("smooth_l1(Tensor error, float beta) -> Tensor");
  library.def("smooth_l1_slope(Tensor upstream, Tensor error, float beta) -> Tensor");
}

TORCH_LIBRARY_IMPL(parity_example, CPU, library) {
  library.impl("smooth_l1", loss_of);
  library.impl("smooth_l1_slope", slope_of);
}
