// A family's kernels for float and for double.
#pragma once

#include <type_traits>

namespace penlight {

template <template <typename> typename Family>
struct Both {
  Family<float> f32;
  Family<double> f64;

  template <typename T>
  const Family<T>& get() const {
    if constexpr (std::is_same_v<T, float>) {
      return f32;
    } else {
      return f64;
    }
  }
};

}  // namespace penlight
