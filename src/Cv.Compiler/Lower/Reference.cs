using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>
/// Makes the kernel of an op that has neither code of its own nor a definition in other ops: its <see cref="Op.Evaluate"/>, run on copies in
/// f64. Slow, but a new op computes at once, in any graph.
/// </summary>
static unsafe class Reference
{
    public static KernelCode Kernel(Expr node)
    {
        var operands = node.Operands.Select(o => new Slot.Node(Geometry.Source(o))).ToList<Slot>();
        var into = new Slot.Node(node);
        Kernel run = (slots, _, _, _) => Run(node, slots);
        return new($"reference {node.Op.Name}", null, run, [.. operands, into], [into], 1, 0);
    }

    static void Run(Expr node, long[] slots)
    {
        var values = new double[node.Operands.Length][];
        for (int i = 0; i < values.Length; i++)
            values[i] = Read(slots[i], node.Operands[i].Type);
        var result = new double[node.Shape.Size];
        // foreign code: what it starts, and calls from there, is inside of this call
        using (CallFlow.Begin())
            node.Op.Evaluate(node, values, result);
        Write(result, slots[^1], node.DType);
    }

    static double[] Read(long address, TensorType type)
    {
        var values = new double[type.Shape.Size];
        for (int i = 0; i < values.Length; i++)
            values[i] = type.DType switch
            {
                DType.F32 => ((float*)address)[i],
                DType.F64 => ((double*)address)[i],
                DType.I32 => ((int*)address)[i],
                _ => ((byte*)address)[i],
            };
        return values;
    }

    static void Write(double[] values, long address, DType type)
    {
        for (int i = 0; i < values.Length; i++)
            switch (type)
            {
                case DType.F32:
                    ((float*)address)[i] = (float)values[i];
                    break;
                case DType.F64:
                    ((double*)address)[i] = values[i];
                    break;
                case DType.I32:
                    ((int*)address)[i] = unchecked((int)values[i]);
                    break;
                default:
                    ((byte*)address)[i] = values[i] != 0 ? (byte)1 : (byte)0;
                    break;
            }
    }
}
