using System.Linq.Expressions;
using Cv.Dsl;
using Cv.Runtime;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <summary>Says where the matrices are that are packed into panels.</summary>
/// <param name="From">The buffer.</param>
/// <param name="Line">The elements from one line of a matrix to the next.</param>
/// <param name="Start">Gives where the matrix of a group and tap starts.</param>
/// <param name="Transposed">Tells that lines are columns.</param>
sealed record PanelSource(Slot From, long Line, Func<Expression, Expression, Expression> Start, bool Transposed)
{
    /// <summary>Gives what computes the lines of a matrix that no buffer holds, or null; such lines are no columns, and there is one tap.</summary>
    public Func<Code, ChainLines?> Lines { get; init; } = _ => null;

    /// <summary>Names what is computed, as the kernel's name does.</summary>
    public string Lead { get; init; } = "";
}

/// <summary>
/// Writes the packing of a product's right side: panels of a register tile's width, each holding its columns' elements k by k, so that the
/// inner loop reads memory in order. Columns past the last hold anything: their products are never stored.
/// </summary>
static class PanelEmitter
{
    const int Square = 8;

    /// <summary>Gives the kernel: for each group and panel, tap by tap, <paramref name="k"/> rows of <paramref name="width"/> of the <paramref name="n"/> columns.</summary>
    public static KernelCode Emit(Lanes lanes, Slot into, PanelSource from, int groups, int taps, int k, int n, int width)
    {
        bool transposed = from.Transposed;
        long stride = from.Line;
        var code = new Code();
        var (unit, panel, column, source, target, i) = (
            code.Long("unit"),
            code.Long("panel"),
            code.Long("column"),
            code.Long("source"),
            code.Long("target"),
            code.Long("i")
        );
        int panels = (n + width - 1) / width;
        var computed = from.Lines(code);
        var write = code.Address(into, write: true);
        var read = computed is null ? code.Address(from.From) : write;
        var block = Divide(unit, Constant((long)taps));
        var lines = new List<Expression>
        {
            Assign(panel, Modulo(block, Constant((long)panels))),
            Assign(source, from.Start(Divide(block, Constant((long)panels)), Modulo(unit, Constant((long)taps)))),
            Assign(column, Times(panel, width)),
            Assign(target, Times(unit, (long)k * width)),
        };
        if (transposed)
        {
            var (j, line) = (code.Long("j"), code.Long("line"));
            // element by element: the columns past the last repeat it
            Expression Single() =>
                While(
                    i,
                    Constant((long)k),
                    1,
                    Lanes.Memory(
                        "Write",
                        [lanes.Float],
                        Lanes.Memory("Read", [lanes.Float], read, Add(line, i)),
                        write,
                        Add(target, Add(Times(i, width), j))
                    )
                );
            Expression Column() =>
                Block(
                    Assign(line, Add(column, j)),
                    IfThen(GreaterThanOrEqual(line, Constant((long)n)), Assign(line, Constant(n - 1L))),
                    Assign(line, Add(source, Times(line, stride))),
                    Assign(i, Constant(0L)),
                    Single(),
                    Assign(j, Plus(j, 1))
                );
            lines.Add(Assign(j, Constant(0L)));
            if (lanes.Type == DType.F32 && k >= Square)
            {
                var end = code.Long("end");
                long whole = k / Square * Square;
                var transpose = Calling(
                    typeof(VectorMemory),
                    nameof(VectorMemory.TransposeEight),
                    read,
                    Add(line, i),
                    Constant(stride),
                    write,
                    Add(target, Add(Times(i, width), j)),
                    Constant((long)width)
                );
                var rest = Block(
                    Assign(end, Plus(j, Square)),
                    While(j, end, 1, Assign(line, Add(source, Times(Add(column, j), stride))), Assign(i, Constant(whole)), Single()),
                    Assign(j, end)
                );
                var squares = Block(
                    Assign(line, Add(source, Times(Add(column, j), stride))),
                    Assign(i, Constant(0L)),
                    While(i, Constant(whole), Square, transpose),
                    whole < k ? rest : Assign(j, Plus(j, Square))
                );
                lines.Add(
                    While(
                        j,
                        Constant((long)width),
                        0,
                        IfThenElse(
                            AndAlso(
                                LessThanOrEqual(Plus(Add(column, j), Square), Constant((long)n)),
                                LessThanOrEqual(j, Constant((long)width - Square))
                            ),
                            squares,
                            Column()
                        )
                    )
                );
            }
            else
            {
                lines.Add(While(j, Constant((long)width), 0, Column()));
            }
        }
        else
        {
            var row = code.Long("row");
            var copies = new List<Expression>();
            if (computed is not null)
                copies.AddRange(computed.Begin(Add(Times(Divide(block, Constant((long)panels)), k), i)));
            for (int v = 0; v < width; v += lanes.Count)
            {
                var value = computed?.Vector(Plus(column, v), copies) ?? lanes.Load(lanes.Type, read, Plus(row, v));
                copies.Add(lanes.Store(lanes.Type, value, write, Plus(Add(target, Times(i, width)), v)));
            }
            lines.AddRange(
                Assign(row, Add(source, column)),
                Assign(i, Constant(0L)),
                While(i, Constant((long)k), 1, [.. copies, Assign(row, Plus(row, stride))])
            );
        }
        var body = Block(Assign(unit, code.From), While(unit, code.To, 1, lines));
        return code.Close(
            $"{from.Lead}pack {k}x{n}{(transposed ? " transposed" : "")}",
            body,
            (long)groups * panels * taps,
            (double)groups * taps * k * n
        );
    }
}
