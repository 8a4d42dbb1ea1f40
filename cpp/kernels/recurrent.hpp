// One layer and one direction of RNN, GRU and LSTM over whole sequences. The products that do not
// depend on the previous step (input gates, weight gradients) are the caller's.
//
// N = rows of all steps, one step after the other; B = batch, H = hidden size. The gates are
// torch's: GRU r, z, n, with b_hh inside the reset product; LSTM i, f, g, o.
#pragma once

#include <cstdint>

#include "kernels/both.hpp"

namespace penlight {

struct Sequence {
  int64_t steps, batch, hidden;
  const int64_t* batch_sizes;  // rows of each step, never growing; null: `batch` in every step
  bool reverse;                // the recurrence runs from the last step to the first

  [[gnu::always_inline]] int64_t size(int64_t step) const {
    return batch_sizes ? batch_sizes[step] : batch;
  }
};

template <typename T>
struct RecurrentKernels {
  // output (N, H), h_n (B, H); input_gates (N, H), h0 (B, H), w_hh (H, H), b_hh (H) or null
  void (*rnn_forward)(T* output, T* h_n, const T* input_gates, const T* h0, const T* w_hh,
                      const T* b_hh, const Sequence& sequence, bool relu);
  // grad_gates (N, H), grad_h0 (B, H); grad_output and output (N, H), grad_h_n (B, H)
  void (*rnn_backward)(T* grad_gates, T* grad_h0, const T* grad_output, const T* grad_h_n,
                       const T* output, const T* w_hh, const Sequence& sequence, bool relu);

  // saved (N, 4H) or null: r, z, n and W_hn h + b_hn; input_gates (N, 3H), w_hh (3H, H), b_hh (3H)
  void (*gru_forward)(T* output, T* h_n, T* saved, const T* input_gates, const T* h0, const T* w_hh,
                      const T* b_hh, const Sequence& sequence);
  // grad_input_gates and grad_hidden_gates (N, 3H); previous (N, H): the state each row started
  // from
  void (*gru_backward)(T* grad_input_gates, T* grad_hidden_gates, T* grad_h0, const T* grad_output,
                       const T* grad_h_n, const T* saved, const T* previous, const T* w_hh,
                       const Sequence& sequence);

  // saved (N, 4H) or null: i, f, g, o; cells (N, H) or null; input_gates (N, 4H), w_hh (4H, H)
  void (*lstm_forward)(T* output, T* h_n, T* c_n, T* saved, T* cells, const T* input_gates,
                       const T* h0, const T* c0, const T* w_hh, const T* b_hh,
                       const Sequence& sequence);
  // grad_gates (N, 4H); previous_cells (N, H): the cell state each row started from
  void (*lstm_backward)(T* grad_gates, T* grad_h0, T* grad_c0, const T* grad_output,
                        const T* grad_h_n, const T* grad_c_n, const T* saved, const T* cells,
                        const T* previous_cells, const T* w_hh, const Sequence& sequence);
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const Both<RecurrentKernels> kRecurrent;
}
#endif

}  // namespace penlight
