using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

sealed partial class ConvWeightsEmitter
{
    /// <summary>Adds the blocks' sums, in order, and runs the epilogue on what they give: an optimiser's update, say. Panels come to stand side by side.</summary>
    KernelCode Combine()
    {
        var code = new Code();
        var (unit, row, end, group, panel, at, column, v) = (
            code.Long("unit"),
            code.Long("row"),
            code.Long("end"),
            code.Long("group"),
            code.Long("panel"),
            code.Long("at"),
            code.Long("column"),
            code.Long("v")
        );
        int rows = Math.Max(1, CombineElements / Columns),
            whole = _outputs / Width,
            rest = _outputs % Width;
        var (from, sum) = (code.Address(Sums), code.Local(_lanes.Vector, "sum"));
        var epilogue = new TileEpilogue(_step, _lanes, code, _workers, 1, _lanes.Count);
        IEnumerable<Expression> Vector(Expression across, int columns)
        {
            yield return Assign(sum, OfBlock(0, across));
            for (int b = 1; b < BlockCount; b++)
                yield return Assign(sum, Add(sum, OfBlock(b, across)));
            var sums = new[,]
            {
                { sum },
            };
            foreach (var line in epilogue.Finish(sums, row, 1, Add(column, across), columns))
                yield return line;
        }
        // the levels of a tower that hold a sum are known beforehand
        Expression OfBlock(int block, Expression across)
        {
            Expression Level(int level) =>
                _lanes.Load(_lanes.Type, from, Plus(Add(at, across), ((long)block * Levels + level) * BlockElements));
            if (!IsLong)
                return Level(0);
            long digits = ChainsOf(Math.Min(_imagesOfBlock, _images - block * _imagesOfBlock));
            Expression? total = null;
            for (int level = 0; digits > 0; level++, digits /= LongSums.Fan)
                if (digits % LongSums.Fan > 0)
                    total = total is null ? Level(level) : Add(Level(level), total);
            return total!;
        }
        IEnumerable<Expression> Panel(int columns)
        {
            int full = columns / _lanes.Count * _lanes.Count;
            yield return Assign(at, Times(Add(Times(Add(Times(group, Panels), panel), Rows), row), Width));
            yield return Assign(column, Add(Times(group, _outputs), Times(panel, Width)));
            yield return Assign(v, Constant(0L));
            if (full > 0)
                yield return While(v, Constant((long)full), _lanes.Count, Vector(v, _lanes.Count));
            if (full < columns)
                foreach (var line in Vector(Constant((long)full), columns - full))
                    yield return line;
        }
        var panels = new List<Expression> { Assign(panel, Constant(0L)) };
        if (whole > 0)
            panels.Add(While(panel, Constant((long)whole), 1, Panel(Width)));
        if (rest > 0)
            panels.AddRange(Panel(rest));
        var body = Block(
            Assign(unit, code.From),
            While(
                unit,
                code.To,
                1,
                Assign(row, Times(unit, rows)),
                Assign(end, MinOf(Constant((long)Rows), Plus(row, rows))),
                While(row, end, 1, Assign(group, Constant(0L)), While(group, Constant((long)_groups), 1, panels))
            )
        );
        double work = (double)_step.Product.Shape.Size * BlockCount;
        return code.Close($"combine {_step.Product.Op.Name}{_step.Epilogue}", body, (Rows + rows - 1) / rows, work);
    }
}
