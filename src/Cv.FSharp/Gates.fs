namespace Cv.FSharp

open Cv.Dsl

/// Applies gates, and names those that the library brings; what flows through a pipeline comes last.
[<AutoOpen>]
module Gates =
    /// Applies a gate of one operand, or computes a model from another input: `x |> apply swish`, where
    /// `let swish = Gate.Define("swish", fun (x: float32) -> x / (1.0f + exp -x))`.
    let inline apply (f: ^f when ^f: (member Apply: Expr -> Expr)) (x: Expr) = f.Apply x

    /// Applies a gate of several operands: `applyTo hinge [ scores; targets ]`.
    let applyTo (gate: Gate) (operands: Expr list) = gate.Of(List.toArray operands)

    /// Lets positive elements through and makes the others 0.
    let relu (x: Expr) = x.Relu()

    /// Lets positive elements through and shrinks the others by a slope.
    let leakyRelu (slope: float) (x: Expr) = x.LeakyRelu slope

    /// Lets positive elements through and scales the others by a slope that is trained.
    let prelu (slope: Expr) (x: Expr) = x.Prelu slope

    /// Lets positive elements through and bends the others towards -alpha.
    let elu (alpha: float) (x: Expr) = x.Elu alpha

    /// Bends and scales so that means of 0 and variances of 1 stay.
    let selu (x: Expr) = x.Selu()

    /// Weighs each element by how probable a smaller one is among normal ones.
    let gelu (x: Expr) = x.Gelu()

    /// Approximates gelu by a tanh.
    let geluTanh (x: Expr) = x.GeluTanh()

    /// Bends smoothly from 0 to x.
    let softplus (x: Expr) = x.Softplus()

    /// Lets elements through as far as a sigmoid opens.
    let swish (x: Expr) = x.Swish()

    /// Lets elements through as far as the tanh of a softplus opens.
    let mish (x: Expr) = x.Mish()

    /// Squashes each element into [0, 1] by three straight lines.
    let hardSigmoid (x: Expr) = x.HardSigmoid()

    /// Takes the largest of each group of neighbouring features.
    let maxout pieces (x: Expr) = x.Maxout pieces
