using System.Runtime.CompilerServices;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Tells which nodes the emitters can write code for. The families of Cv.Dsl are open to ops of somebody's own, of which the compiler knows only what
/// their members say: such an op runs by its <see cref="Op.Expand"/> or its <see cref="Op.Evaluate"/>, and no emitter takes it for one of the library's.
/// </summary>
static class Kernels
{
    static readonly ConditionalWeakTable<Type, object> RunByRule = [];

    /// <summary>Tells that an op is the library's own.</summary>
    public static bool IsOwn(Op op) => op.GetType().Assembly == typeof(Op).Assembly;

    /// <summary>Tells that a value is there without being computed: it comes from outside, or kernels make it where they read it.</summary>
    public static bool IsGiven(Op op) => op is Named or Literal or Const or Iota;

    /// <summary>Tells that a reduction can be folded by vectors, in parts, and along one run of axes at a time.</summary>
    public static bool IsFold(Op op) => op is ReduceSum or ReduceMax or ReduceMin;

    /// <summary>Tells that windows over images can be walked by vectors of channels.</summary>
    public static bool IsPool(Op op) => op is MaxPool2d or MaxPool2dInput or SumPool2d or SumPool2dInput;

    /// <summary>Tells that a node can be computed element by element in a loop of vectors.</summary>
    public static bool IsElementwise(Expr e) =>
        e.Op is Broadcast || (e.Op is Elementwise op && (IsOwn(op) || (IsRunByRule(op) && FitsLanes(e, op) && Widen.Knows(op.Scalar))));

    /// <summary>Tells that an op's value is that of its scalar rule, and not of an Evaluate of its own.</summary>
    static bool IsRunByRule(Elementwise op)
    {
        var type = op.GetType();
        object known = RunByRule.GetValue(type, static t => t.GetMethod(nameof(Op.Evaluate))?.DeclaringType == typeof(Elementwise));
        return (bool)known;
    }

    /// <summary>
    /// Tells that a rule's numbers are of one float type, its truth values bool, and its operands broadcast to its result: vectors compute such a rule as it is written.
    /// </summary>
    static bool FitsLanes(Expr e, Elementwise op)
    {
        var rule = op.Scalar;
        if (rule.Parameters.Count != e.Operands.Length || (rule.ReturnType == typeof(bool)) != (e.DType == DType.Bool))
            return false;
        DType? lane = e.DType == DType.Bool ? null : e.DType;
        for (int i = 0; i < e.Operands.Length; i++)
        {
            var x = e.Operands[i];
            if ((rule.Parameters[i].Type == typeof(bool)) != (x.DType == DType.Bool) || !Broadcasts(x.Shape, e.Shape))
                return false;
            if (x.DType != DType.Bool && (lane ??= x.DType) != x.DType)
                return false;
        }
        return lane is not DType.I32;
    }

    static bool Broadcasts(Shape from, Shape to)
    {
        bool fits = from.Rank == 0 || from.Rank == to.Rank;
        for (int axis = 0; fits && axis < from.Rank; axis++)
            fits = from[axis] == to[axis] || from[axis].IsOne;
        return fits;
    }
}
