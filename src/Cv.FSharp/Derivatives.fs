namespace Cv.FSharp

open Cv.Compiler
open Cv.Dsl

/// Differentiates and batches, graph to graph. The value comes first: `gradient loss [ w; b ]`.
[<AutoOpen>]
module Derivatives =
    let private asked (moves: (Expr * Expr) list) =
        let nodes, directions = List.unzip moves
        List.toArray nodes, List.toArray directions

    /// Gives the gradient of a scalar loss with respect to each node, as nodes: `gradient loss [ w; b ]`.
    let gradient loss (by: Expr list) =
        Gradient.Of(loss, List.toArray by) |> List.ofSeq

    /// As gradient, with zeros for a node that the loss does not depend on.
    let gradientOrZero loss (by: Expr list) =
        Gradient.Of(loss, List.toArray by, Unreached.Zero) |> List.ofSeq

    /// Gives the loss beside its gradients: `let value, gradients = valueAndGradient loss [ w; b ]`.
    let valueAndGradient loss (by: Expr list) =
        let struct (value, gradients) = Gradient.WithValue(loss, List.toArray by)
        value, List.ofSeq gradients

    /// Gives the gradient of sum (dy * y) by each node: `vjp y dy [ x; w ]`.
    let vjp (y: Expr) dy (by: Expr list) =
        Vjp.Of(y, dy, List.toArray by) |> List.ofSeq

    /// Gives the derivative of a value along the tangents of some nodes: `jvp y [ x, dx ]`.
    let jvp (y: Expr) (moves: (Expr * Expr) list) =
        let nodes, tangents = asked moves
        Jvp.Of(y, nodes, tangents)

    /// Gives the derivative of each element of y by each of x, from cotangents: [...y, ...x]. Cheaper where y has the fewer elements.
    let jacobian y x = Jacobian.Reverse(y, x)

    /// Gives the derivative of each element of y by each of x, from tangents: [...y, ...x]. Cheaper where x has the fewer elements.
    let jacobianForward y x = Jacobian.Forward(y, x)

    /// Gives all second derivatives of a scalar by a node: [...x, ...x].
    let hessian loss (x: Expr) = Hessian.Of(loss, x)

    /// Multiplies the Hessian by a vector, without making it: `hessianTimes loss [ w, v ]`.
    let hessianTimes loss (moves: (Expr * Expr) list) =
        let nodes, vector = asked moves
        Hessian.Times(loss, nodes, vector) |> List.ofSeq

    /// Gives a value of one example for a batch, over a new leading axis of some inputs: `vmap N [ x; label ] loss`.
    let vmap (size: Dim) (inputs: Expr list) (y: Expr) = Vmap.Of(y, size, List.toArray inputs)
