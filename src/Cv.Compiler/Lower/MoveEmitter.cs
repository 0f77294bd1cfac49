using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>
/// Writes the kernels of movements: each is one or more walks that copy elements between two strided layouts, after a fill with zeros where
/// the walks leave gaps.
/// </summary>
static class MoveEmitter
{
    public static List<KernelCode> Emit(MoveStep step)
    {
        var node = step.Node;
        int[] to = node.Shape.ToArray();
        long[] write = Strides(to);
        return node switch
        {
            (Transpose(var order), [var x]) => [Walk(node, x, to, Permute(order, x), 0, write, 0)],
            (Slice slice, [var x]) =>
            [
                Walk(
                    node,
                    x,
                    to,
                    Scale(Strides(x.Shape.ToArray()), slice.Axis, slice.Step),
                    Strides(x.Shape.ToArray())[slice.Axis] * slice.Start,
                    write,
                    0
                ),
            ],
            (Flip flip, [var x]) =>
            [
                Walk(node, x, to, Scale(Strides(to), flip.Axis, -1), Strides(to)[flip.Axis] * Math.Max(0, to[flip.Axis] - 1), write, 0),
            ],
            (Pad pad, [var x]) =>
            [
                Zero(node),
                Walk(
                    node,
                    x,
                    x.Shape.ToArray(),
                    Strides(x.Shape.ToArray()),
                    0,
                    Scale(write, pad.Axis, pad.Between + 1L),
                    write[pad.Axis] * pad.Low
                ),
            ],
            (Concat concat, _) => Join(node, concat.Axis, write),
            _ => [Reference.Kernel(node)],
        };
    }

    static List<KernelCode> Join(Expr node, int axis, long[] write)
    {
        var kernels = new List<KernelCode>();
        long start = 0;
        foreach (var part in node.Operands)
        {
            int[] dims = part.Shape.ToArray();
            kernels.Add(Walk(node, part, dims, Strides(dims), 0, write, start * write[axis]));
            start += dims[axis];
        }
        return kernels;
    }

    static long[] Strides(int[] dims) => Array.ConvertAll(Layout.Strides(dims), s => (long)s);

    static long[] Permute(Ints order, Expr x)
    {
        long[] strides = Strides(x.Shape.ToArray());
        return [.. order.Span.ToArray().Select(axis => strides[axis])];
    }

    static long[] Scale(long[] strides, int axis, long factor)
    {
        long[] scaled = [.. strides];
        scaled[axis] *= factor;
        return scaled;
    }

    static KernelCode Zero(Expr node) => Combine.Zero(new Slot.Node(node), (long)node.Shape.Size * node.DType.ByteSize());

    /// <summary>Writes a walk over <paramref name="dims"/>: a unit is one run along the last dim.</summary>
    static KernelCode Walk(Expr node, Expr from, int[] dims, long[] read, long readStart, long[] write, long writeStart)
    {
        var code = new Code();
        var (unit, i, rest, source, target) = (
            code.Long("unit"),
            code.Long("i"),
            code.Long("rest"),
            code.Long("source"),
            code.Long("target")
        );
        var type = Lanes.ClrType(node.DType);
        var (a, b) = (code.Address(new Slot.Node(Geometry.Source(from))), code.Address(new Slot.Node(node), write: true));
        int run = dims.Length == 0 ? 1 : dims[^1];
        long runs = dims.Length == 0 ? 1 : dims[..^1].Aggregate(1L, (p, d) => p * d);
        var lines = new List<Expression> { Assign(rest, unit), Assign(source, Constant(readStart)), Assign(target, Constant(writeStart)) };
        for (int axis = dims.Length - 2; axis >= 0; axis--)
        {
            var at = Modulo(rest, Constant((long)Math.Max(1, dims[axis])));
            lines.Add(Assign(source, Add(source, Times(at, read[axis]))));
            lines.Add(Assign(target, Add(target, Times(at, write[axis]))));
            lines.Add(Assign(rest, Divide(rest, Constant((long)Math.Max(1, dims[axis])))));
        }
        long stepRead = dims.Length == 0 ? 1 : read[^1],
            stepWrite = dims.Length == 0 ? 1 : write[^1];
        lines.Add(Assign(i, Constant(0L)));
        lines.Add(
            While(
                i,
                Constant((long)run),
                1,
                Lanes.Memory("Write", [type], Lanes.Memory("Read", [type], a, source), b, target),
                Assign(source, Plus(source, stepRead)),
                Assign(target, Plus(target, stepWrite))
            )
        );
        var body = Block(Assign(unit, code.From), While(unit, code.To, 1, lines));
        return code.Close(node.Op.Name, body, run == 0 ? 0 : runs, runs * (double)run * 2);
    }
}
