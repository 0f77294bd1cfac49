using System.Linq.Expressions;
using Cv.Dsl;
using static System.Linq.Expressions.Expression;
using static Cv.Compiler.Code;

namespace Cv.Compiler;

/// <remarks>
/// A long sum is a tower of short ones: where so many vectors have been added to each of the sums in registers, or so many rows to the sums in memory, these are
/// handed to the tower, and begin again.
/// </remarks>
sealed partial class LoopEmitter
{
    /// <summary>Writes a column loop that hands its sums on behind each block of rounds.</summary>
    Expression Blocks(Expression bound, long step, IEnumerable<Expression> body, IEnumerable<Expression> hand)
    {
        var stop = _code.Long("stop");
        return While(
            _column,
            bound,
            0,
            [Assign(stop, MinOf(Plus(_column, LongSums.Block * step), bound)), While(_column, stop, step, body), .. hand]
        );
    }

    /// <summary>Adds up a row's sums, and a long one's blocks, as they are made.</summary>
    sealed class RowFold
    {
        readonly LoopEmitter _loop;
        readonly Reduction _op;
        readonly SumTower? _tower;

        /// <param name="loop">The kernel.</param>
        /// <param name="node">The fold.</param>
        /// <param name="sums">The sums that are taken beside each other.</param>
        /// <param name="vectors">The vectors of a row.</param>
        public RowFold(LoopEmitter loop, Expr node, int sums, int vectors)
        {
            (_loop, Node, _op) = (loop, node, (Reduction)node.Op);
            Sums = [.. Enumerable.Range(0, sums).Select(u => loop._code.Local(loop._lanes.VectorOf(node.DType), $"sum{u}"))];
            if (LongSums.Cuts(node, vectors / sums))
                _tower = loop.TowerOf(node, loop._lanes.Count);
        }

        public Expr Node { get; }

        public ParameterExpression[] Sums { get; }

        public bool IsLong => _tower is not null;

        public IEnumerable<Expression> Begin() => _tower is null ? Seeds() : [_tower.Begin(), .. Seeds()];

        /// <summary>Hands the sums to the tower of a long sum.</summary>
        public IEnumerable<Expression> Flush() =>
            _tower is null ? [] : [Assign(Sums[0], Total()), _tower.Push(Constant(0L), [(Sums[0], 0)]), _tower.Next(), .. Seeds()];

        /// <summary>Gives the sum of a row, in as many parts as a vector has lanes; the lines come before.</summary>
        public Expression End(List<Expression> lines)
        {
            if (_tower is null)
                return Total();
            lines.AddRange([.. Flush(), _tower.Total(Constant(0L), [(Sums[0], 0)])]);
            return Sums[0];
        }

        Expression Total() => Sums.Cast<Expression>().Aggregate((a, b) => _loop._lanes.Combine(_op, a, b));

        IEnumerable<Expression> Seeds() => Sums.Select(s => Assign(s, _loop._lanes.Seed(_op, Node.DType)));
    }

    /// <summary>Makes the tower of a long sum, with so many elements a level, in this thread's own memory.</summary>
    SumTower TowerOf(Expr node, int elements)
    {
        long level = (elements + _lanes.Count - 1L) / _lanes.Count * _lanes.Count;
        long bytes = LongSums.Levels(LongSums.Terms(node)) * level * _lanes.Type.ByteSize();
        return new(_code, _lanes, _code.Scratch(node, "tower", (bytes + 127) / 64 * 64, _workers), level);
    }

    sealed partial class Tail
    {
        SumTower? _tower;
        ParameterExpression? _since;
        ParameterExpression? _strips;
        int _stretch = LongSums.Block;

        /// <summary>Counts the terms that a unit adds to each lane of a sum.</summary>
        long Chain
        {
            get
            {
                var shape = _loop._shape;
                long vectors = FoldsColumns || FoldsRows ? 1 : (shape.Columns + _lanes.Count - 1) / _lanes.Count;
                return shape.RowsPerBlock * vectors / (FoldsColumns || FoldsRows ? shape.RowsPerTurn : Sums);
            }
        }

        /// <summary>Tells that the sum is long, and taken in blocks.</summary>
        public bool IsLong => _tower is not null;

        void BeginTower()
        {
            _tower = _loop.TowerOf(Node, _width == 1 ? _lanes.Count : _width);
            _strips = _loop._code.Long("strips");
            if (InMemory)
                _since = _loop._code.Long("since");
        }

        /// <summary>Tells that a tile has more rows than a block: the sums of short strips are handed on from memory.</summary>
        public bool IsCutInTile =>
            IsLong && !(FoldsColumns && InMemory && _loop._shape.StripRows <= LongSums.Block * _loop._shape.RowsPerTurn);

        /// <summary>Takes up how many vectors each row adds to each of the sums.</summary>
        public void AddsPerRow(int vectors) => _stretch = Stretch(vectors);

        /// <summary>Counts the turns of a tile's rows in a block, each of so many vectors.</summary>
        public int TurnsPerBlock(int vectors) => FoldsColumns ? LongSums.Block : Stretch(FoldsRows ? 1 : (vectors + Sums - 1) / Sums);

        static int Stretch(int vectors) => Math.Max(1, LongSums.Block / Math.Max(1, vectors));

        BlockExpression BeginLong(SumTower tower)
        {
            var lines = new List<Expression> { tower.Begin(), Assign(_strips!, Constant(0L)) };
            if (_since is not null)
                lines.Add(Assign(_since, Constant(0L)));
            if (!FoldsColumns)
                lines.AddRange(Seeds());
            else if (InMemory)
                lines.Add(OverColumns((j, part) => [_lanes.Store(Node.DType, Seed, Address, At(j), part)]));
            return Block(lines);
        }

        IEnumerable<Expression> Seeds() => _sums.Select(s => Assign(s, Seed));

        /// <summary>Hands the totals, or a tile's sums of columns, to the tower.</summary>
        public BlockExpression Flush() =>
            Block([Assign(_sums[0], _sums.Cast<Expression>().Aggregate(Sum)), .. Push(Constant(0L), 1), .. Seeds()]);

        /// <summary>Hands the sums of a tile's columns to the tower: the rows of a turn become one.</summary>
        public BlockExpression FlushTile(Piece[] pieces) => Block([.. Gather(pieces), .. Seeds()]);

        IEnumerable<Expression> Gather(Piece[] pieces)
        {
            for (int c = 0; c < _vectors; c++)
            {
                var turns = Enumerable.Range(0, _sums.Count / _vectors).Select(u => (Expression)_sums[u * _vectors + c]);
                yield return Assign(_sums[c], turns.Aggregate(Sum));
            }
            foreach (var line in Push(pieces[0].Column, _vectors))
                yield return line;
        }

        IEnumerable<Expression> Push(Expression start, int vectors) => [_tower!.Push(start, Places(vectors)), _tower.Next()];

        List<(ParameterExpression, long)> Places(int vectors) =>
            [.. Enumerable.Range(0, vectors).Select(c => (_sums[c], (long)c * _lanes.Count))];

        Expression Sum(Expression a, Expression b) => _lanes.Combine(_op, a, b);

        Expression TotalOf(SumTower tower) => tower.Total(Constant(0L), Places(1));

        /// <summary>Ends a row that is too long for registers.</summary>
        public IEnumerable<Expression> EndRow()
        {
            if (_since is null)
                return [];
            var flush = FoldsColumns ? FlushColumns() : Flush();
            return _stretch == 1
                ? [flush]
                :
                [
                    Assign(_since, Plus(_since, 1)),
                    IfThen(Equal(_since, Constant((long)_stretch)), Block(flush, Assign(_since, Constant(0L)))),
                ];
        }

        /// <summary>Hands the sums of columns that are in memory to the tower.</summary>
        BlockExpression FlushColumns()
        {
            var sum = Local("sum");
            return Block(
                OverColumns(
                    (j, part) =>
                        [
                            Assign(sum, _lanes.Load(Node.DType, Address, At(j))),
                            _tower!.Push(j, [(sum, 0)]),
                            _lanes.Store(Node.DType, Seed, Address, At(j), part),
                        ]
                ),
                _tower!.Next()
            );
        }

        /// <summary>Ends a tile: the last block goes to the tower, and the columns' sums to memory.</summary>
        IEnumerable<Expression> EndLongTile(SumTower tower, Piece[] pieces)
        {
            var stores = pieces.Select((p, c) => _lanes.Store(Node.DType, _sums[c], Address, At(p.Column), p.Part));
            return [.. Gather(pieces), tower.Total(pieces[0].Column, Places(_vectors)), .. stores];
        }

        /// <summary>Ends a strip of rows, all of whose tiles have handed on as many blocks; strips of few rows make a block together.</summary>
        public IEnumerable<Expression> EndStrip()
        {
            var shape = _loop._shape;
            int together = Stretch(shape.StripRows / shape.RowsPerTurn);
            return
            [
                Assign(_since!, Plus(_since!, 1)),
                IfThen(Equal(_since!, Constant((long)together)), Block(FlushColumns(), Assign(_since!, Constant(0L)))),
                Assign(_strips!, _tower!.Count),
            ];
        }

        BlockExpression EndLongColumns(SumTower tower)
        {
            var sum = Local("sum");
            return Block(
                FlushColumns(),
                OverColumns((j, part) => [tower.Total(j, [(sum, 0)]), _lanes.Store(Node.DType, sum, Address, At(j), part)])
            );
        }
    }
}
