// One layer and one direction of RNN, GRU and LSTM over whole sequences. The gradients of the input
// and of the weights are products over all steps, and the caller's.
//
// N = rows of all steps, one step after the other; B = batch, H = hidden size, F = features of the
// input, G = gates: H, 3H or 4H. The gates are torch's: GRU r, z, n, with b_hh inside the reset
// product; LSTM i, f, g, o.
#pragma once

#include <cstdint>

#include "kernels/both.hpp"

namespace penlight {

struct Sequence {
  int64_t steps, batch, hidden, features;
  const int64_t* batch_sizes;  // rows of each step, never growing; null: `batch` in every step
  bool reverse;                // the recurrence runs from the last step to the first
};

// w_ih (G, F), w_hh (G, H), b_ih and b_hh (G) or null
template <typename T>
struct RecurrentWeights {
  const T *w_ih, *w_hh, *b_ih, *b_hh;
};

template <typename T>
struct RecurrentKernels {
  // output (N, H), h_n (B, H), saved (N, 2H) or null: h, and the state each row started from;
  // input (N, F), h0 (B, H)
  void (*rnn_forward)(T* output, T* h_n, T* saved, const T* input, const T* h0,
                      const RecurrentWeights<T>& weights, const Sequence& sequence, bool relu);
  // grad_gates (N, H), grad_h0 (B, H); grad_output (N, H), grad_h_n (B, H)
  void (*rnn_backward)(T* grad_gates, T* grad_h0, const T* grad_output, const T* grad_h_n,
                       const T* saved, const T* w_hh, const Sequence& sequence, bool relu);

  // saved (N, 5H) or null: r, z, n, W_hn h + b_hn, and the state each row started from
  void (*gru_forward)(T* output, T* h_n, T* saved, const T* input, const T* h0,
                      const RecurrentWeights<T>& weights, const Sequence& sequence);
  // grad_gates (N, 4H): n of the input; r and z of both; n of the hidden state
  void (*gru_backward)(T* grad_gates, T* grad_h0, const T* grad_output, const T* grad_h_n,
                       const T* saved, const T* w_hh, const Sequence& sequence);

  // saved (N, 6H) or null: i, f, g, o, c, and the hidden state each row started from
  void (*lstm_forward)(T* output, T* h_n, T* c_n, T* saved, const T* input, const T* h0,
                       const T* c0, const RecurrentWeights<T>& weights, const Sequence& sequence);
  // grad_gates (N, 4H)
  void (*lstm_backward)(T* grad_gates, T* grad_h0, T* grad_c0, const T* grad_output,
                        const T* grad_h_n, const T* grad_c_n, const T* saved, const T* c0,
                        const T* w_hh, const Sequence& sequence);
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const Both<RecurrentKernels> kRecurrent;
}
#endif

}  // namespace penlight
