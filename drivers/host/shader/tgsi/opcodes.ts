/** The instructions of TGSI: how many operands each has and which take a texture target (tgsi.rst; tgsi_info_opcodes.h). */

/** An instruction's shape. */
export interface Opcode {
  /** Mnemonic. */
  readonly name: string;
  /** Destinations. */
  readonly destinations: number;
  /** Sources. */
  readonly sources: number;
  /** Whether the result of component x goes to all components. */
  readonly replicates: boolean;
  /** Whether a texture target follows the operands. */
  readonly texture: boolean;
  /** Whether texel offsets may follow (texture instructions and SAMPLE*). */
  readonly offsets: boolean;
  /** Whether memory qualifiers, a target and a format may follow. */
  readonly memory: boolean;
}

/** All instructions by mnemonic. */
export const OPCODES: ReadonlyMap<string, Opcode> = table();

function table(): Map<string, Opcode> {
  const map = new Map<string, Opcode>();
  const add = (destinations: number, sources: number, replicates: boolean, texture: boolean, names: string): void => {
    for (const name of names.split(" ")) {
      const offsets = texture || name.startsWith("SAMPLE") || name === "GATHER4";
      const memory = name === "LOAD" || name === "STORE" || name === "RESQ" || name.startsWith("ATOM");
      map.set(name, { name, destinations, sources, replicates, texture, offsets, memory });
    }
  };
  add(
    1,
    1,
    false,
    false,
    "ARL MOV LIT EXP LOG F2U64 F2I64 FRC FLR ROUND U2I64 I2I64 DDX DDY D2U64 D2I64 U642D UP2H UP2US UP4B UP4UB U642F I642F ARR I642D SSG FBFETCH DDX_FINE DDY_FINE CEIL I2F NOT TRUNC BALLOT RESQ READ_FIRST F2I INEG F2U U2F UARL IABS ISSG IMG2HND BREV POPC LSB IMSB UMSB INTERP_CENTROID F2D D2F DABS DNEG DRCP DSQRT DFRAC D2I I2D D2U U2D DRSQ DTRUNC DCEIL DFLR DROUND DSSG VOTE_ANY VOTE_ALL VOTE_EQ I64ABS I64SSG I64NEG",
  );
  add(1, 1, true, false, "RCP RSQ SQRT EX2 LG2 COS PK2H PK2US PK4B PK4UB SIN");
  add(
    1,
    2,
    false,
    false,
    "MUL ADD DST MIN MAX SLT SGE LDEXP SEQ SGT SLE SNE DIV READ_INVOC SHL AND OR MOD XOR FSEQ FSGE FSLT FSNE IDIV IMAX IMIN ISGE ISHR ISLT UADD UDIV UMAX UMIN UMOD UMUL USEQ USGE USHR USLT USNE SAMPLE_I SVIEWINFO SAMPLE_POS SAMPLE_INFO LOAD STORE IMUL_HI UMUL_HI INTERP_SAMPLE INTERP_OFFSET DADD DMUL DMAX DMIN DSLT DSGE DSEQ DSNE DLDEXP U64SEQ U64SNE I64SLT U64SLT I64SGE U64SGE I64MIN U64MIN I64MAX U64MAX U64ADD U64MUL U64SHL I64SHR U64SHR I64DIV U64DIV I64MOD U64MOD DDIV",
  );
  add(1, 2, true, false, "DP3 DP4 POW DP2");
  add(
    1,
    3,
    false,
    false,
    "MAD LRP FMA CMP ATOMFADD DFMA UMAD SAMPLE SAMPLE_I_MS GATHER4 UCMP ATOMUADD ATOMXCHG ATOMAND ATOMOR ATOMXOR ATOMUMIN ATOMUMAX ATOMIMIN ATOMIMAX IBFE UBFE DMAD LOD ATOMINC_WRAP ATOMDEC_WRAP",
  );
  add(1, 2, false, true, "TEX_LZ TXF_LZ TEX TXP TXB TXL TXF TXQ LODQ");
  add(
    0,
    0,
    false,
    false,
    "DEMOTE KILL CAL RET BRK ELSE ENDIF CONT BGNLOOP BGNSUB ENDLOOP ENDSUB NOP END DEFAULT ENDSWITCH BARRIER",
  );
  add(1, 0, false, false, "CLOCK READ_HELPER");
  add(1, 4, false, true, "TXD");
  add(0, 1, false, false, "IF UIF EMIT ENDPRIM MEMBAR KILL_IF SWITCH CASE");
  add(1, 1, false, true, "TXQS SAMP2HND");
  add(1, 4, false, false, "SAMPLE_B SAMPLE_C SAMPLE_C_LZ SAMPLE_L ATOMCAS BFI");
  add(1, 5, false, false, "SAMPLE_D");
  add(1, 3, false, true, "TEX2 TXB2 TXL2 TG4");
  add(2, 1, true, false, "DFRACEXP");
  return map;
}
